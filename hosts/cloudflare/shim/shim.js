// Between workerd and the wasm: what workerd calls are the classes below, and they call what Rust exports.
//
// What is lost when the wasm dies, and what is not:
// * Whatever waits for an answer gets a problem document at once. Streams end with an error.
// * A Durable Object that had something in flight may have committed without telling those who watch it, so its sockets
//   are closed; the gateway ends their streams, and their clients come back and read on from the last event they saw.
// * An object at rest has told everything it committed. Its sockets stay open, although the wasm it shares with others is
//   a new one: it is built anew when it is next called, as after hibernation.

import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";
import { WasmDied, revive, unlessItDies, watch } from "./death.js";

/** The same document as `Fault::Unavailable` of the ports makes. */
const UNAVAILABLE = {
  type: "urn:kernelos:problem:unavailable",
  title: "There is no answer now.",
  status: 503,
  detail: "the program that was to answer stopped and is started anew",
  code: "unavailable",
  safe: "Whether a command took effect is not known; sending the same request again is safe and tells.",
  hint: "Send the same request again in a moment, with the same id or idempotency key.",
};

function unavailable() {
  return new Response(JSON.stringify(UNAVAILABLE), {
    status: UNAVAILABLE.status,
    headers: { "content-type": "application/problem+json", "cache-control": "no-store", "retry-after": "1" },
  });
}

async function answered(call) {
  try {
    return await unlessItDies(call);
  } catch (why) {
    if (why instanceof WasmDied) return unavailable();
    throw why;
  }
}

/** The Worker whose handlers `glue` exports. One without a public handler is there for its objects alone. */
export function worker(glue) {
  watch(glue);
  return class extends WorkerEntrypoint {
    fetch(request) {
      if (!glue.fetch) return new Response(null, { status: 404 });
      return answered(() => glue.fetch(request, this.env, this.ctx));
    }
  };
}

/** The Durable Object class that `glue` exports under `name`. */
export function durableObject(glue, name) {
  return class extends DurableObject {
    #inner;
    #wasm = -1;

    constructor(ctx, env) {
      super(ctx, env);
      this.#object();
    }

    /** The object in the wasm that is there now. */
    #object() {
      const wasm = revive();
      if (this.#wasm !== wasm) {
        this.#inner = new glue[name](this.ctx, this.env);
        this.#wasm = wasm;
      }
      return this.#inner;
    }

    async #call(method, given) {
      try {
        return await unlessItDies(() => this.#object()[method](...given));
      } catch (why) {
        if (why instanceof WasmDied) this.#partFromWatchers();
        throw why;
      }
    }

    #partFromWatchers() {
      for (const socket of this.ctx.getWebSockets()) {
        try {
          socket.close(1012, "the object is started anew");
        } catch {
          // It is closed already, which is what is wanted.
        }
      }
    }

    fetch(request) {
      return answered(() => this.#call("fetch", [request]));
    }

    // What is thrown here makes the platform call again, later.
    alarm(info) {
      return this.#call("alarm", [info]);
    }

    webSocketMessage(socket, message) {
      return this.#call("webSocketMessage", [socket, message]);
    }

    webSocketClose(socket, code, reason, clean) {
      return this.#call("webSocketClose", [socket, code, reason, clean]);
    }

    webSocketError(socket, error) {
      return this.#call("webSocketError", [socket, error]);
    }
  };
}
