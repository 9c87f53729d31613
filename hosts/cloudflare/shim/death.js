// When the wasm of an isolate dies, everybody who waits for it must hear of it.
//
// A panic in Rust aborts the wasm, and the promises it owes are never settled: without this file every request of the
// isolate would hang until its client gives up. The glue starts a new wasm at the next call, so all that is left to do is
// to fail what waits for the old one. Who waits is kept in one set, and each wait takes itself out again.

const waiting = new Set();
let started = 0;
let died = false;
let restart = () => {};

/** What those who waited for the wasm get. */
export class WasmDied extends Error {
  constructor() {
    super("the program of this isolate stopped and is started anew");
  }
}

function failAll() {
  const those = [...waiting];
  waiting.clear();
  for (const fail of those) fail(new WasmDied());
}

/**
 * Watches the wasm of `glue`. The crate `worker` keeps a record of it for shims: `criticalError` is set by a panic, and
 * `instanceId` rises whenever a wasm starts.
 */
export function watch(glue) {
  const record = globalThis.__worker_init_state;
  started = record.instanceId;
  // A panic says so at once, from inside the wasm: nothing may be called there now, but promises can be rejected.
  Object.defineProperty(record, "criticalError", {
    get: () => died,
    set(value) {
      died = value;
      if (value) failAll();
    },
  });
  // Other deaths (a trap, no memory left) are seen when a new wasm starts in the place of the old one.
  Object.defineProperty(record, "instanceId", {
    get: () => started,
    set(value) {
      started = value;
      died = false;
      failAll();
    },
  });
  // Asking the glue for anything starts a new wasm if it knows that the old one is dead.
  restart = () => {
    const before = started;
    glue.__worker_init_state();
    // It does not know of a panic where it does not look, for instance in a destructor.
    if (started === before && died) glue.__wbg_reset_state();
  };
  // An error that nobody caught may have been such a death.
  for (const kind of ["error", "unhandledrejection"]) globalThis.addEventListener(kind, revive);
}

/** Makes sure that a wasm is there, and says which: the number rises with each. */
export function revive() {
  restart();
  return started;
}

/** What `call` promises, or `WasmDied` as soon as the wasm that would keep the promise is gone. */
export function unlessItDies(call) {
  return new Promise((resolve, reject) => {
    waiting.add(reject);
    const failed = (why) => {
      // If it failed because the wasm died, this tells, and what comes after it says nothing.
      revive();
      waiting.delete(reject);
      reject(why);
    };
    const kept = (value) => {
      waiting.delete(reject);
      resolve(value);
    };
    try {
      Promise.resolve(call()).then(kept, failed);
    } catch (why) {
      failed(why);
    }
  });
}
