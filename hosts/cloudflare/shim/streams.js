// The streams that the wasm feeds, and only those: the bundler puts this `ReadableStream` in the place of the global one
// in the glue. When the wasm dies, a stream whose next piece is waited for ends with an error instead of never.

import { unlessItDies } from "./death.js";

const guarded = new Set(["start", "pull", "cancel"]);

function guard(source) {
  if (!source) return source;
  return new Proxy(source, {
    get(inner, name) {
      const value = inner[name];
      if (typeof value !== "function") return value;
      if (!guarded.has(name)) return value.bind(inner);
      return (...given) => {
        const answer = value.apply(inner, given);
        return answer instanceof Promise ? unlessItDies(() => answer) : answer;
      };
    },
  });
}

const Guarded = new Proxy(globalThis.ReadableStream, {
  construct: (inner, [source, ...rest]) => new inner(guard(source), ...rest),
});

export { Guarded as ReadableStream };
