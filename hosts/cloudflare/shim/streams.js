// The streams that the wasm feeds, and only those: the bundler puts this `ReadableStream` in the place of the global one
// in the glue. When the wasm dies, a stream whose next piece is waited for ends with an error instead of never.

import { unlessItDies } from "./death.js";

/** `source`, whose every promise is kept or broken. */
function guard(source) {
  return new Proxy(source, {
    get(inner, name) {
      const value = inner[name];
      return typeof value === "function" ? (...given) => unlessItDies(() => value.apply(inner, given)) : value;
    },
  });
}

const Guarded = new Proxy(globalThis.ReadableStream, {
  construct: (inner, [source, ...rest]) => new inner(source && guard(source), ...rest),
});

export { Guarded as ReadableStream };
