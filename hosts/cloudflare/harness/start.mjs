// The Cloudflare host on this machine: every Worker as its wrangler.toml describes it, under the real workerd.
//
//   node harness/start.mjs --persist DIR [--port N] [--config FILE]...
//
// * --persist DIR   where objects keep their storage, and this program the secrets it made up (DIR/secrets.json): started
//                   again on the same folder it is the same host. Without it nothing outlives the program.
// * --port N        where the first Worker listens on 127.0.0.1; default: a free port.
// * --config FILE   a wrangler.toml, once for each Worker, the public one first; default: the four of this tree.
//
// More bindings, such as the key of a provider for the router, may come as JSON in the variable KERNELOS_BINDINGS:
// {"kernelos-provider-router": {"NAME": "value"}}.
//
// When the Workers answer, one line of JSON is printed: {"url", "token", "pid", "workerd": [pids]}. Logs of the Workers go
// to standard error. It ends, with its workerd, on SIGTERM, SIGINT, and when its standard input is closed; after a SIGKILL
// of both it can be started again at once on the same folder. A workerd that dies alone is not started anew: this program
// ends with exit code 1, so that what was lost stays visible.

import { execFileSync } from "node:child_process";
import { createHash, generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Miniflare, convertV4MiniflareOptions } from "miniflare";

// Nothing here asks the network, not even what the platform would say of a request; and standard output is for one line.
process.env.WRANGLER_SEND_METRICS ??= "false";
process.env.CLOUDFLARE_CF_FETCH_ENABLED ??= "false";
process.env.WRANGLER_LOG ??= "error";
const { unstable_getMiniflareWorkerOptions: optionsOf, unstable_readConfig: read } = await import("wrangler");

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
const workers = ["sequencer", "runtime", "provider-router"].map((name) => join("hosts/cloudflare", name, "wrangler.toml"));
const CONFIGS = ["wrangler.toml", ...workers].map((path) => join(root, path));

const { values: given } = parseArgs({
  options: {
    persist: { type: "string" },
    port: { type: "string", default: "0" },
    config: { type: "string", multiple: true, default: CONFIGS },
  },
});
const persist = given.persist && resolve(given.persist);
const secrets = secretsOf(persist);
// A Worker gets those that its wrangler.toml requires, as it does from `wrangler dev`.
Object.assign(process.env, secrets.bindings);
const more = JSON.parse(process.env.KERNELOS_BINDINGS ?? "{}");

const miniflare = new Miniflare(
  convertV4MiniflareOptions({
    workers: given.config.map(worker),
    handleStructuredLogs: ({ level, message }) => console.error(`${level}: ${message}`),
    ...(persist && { resourcePersistencePath: join(persist, "storage") }),
  }),
);
await miniflare.ready;
const url = (await miniflare.unsafeGetDirectURL()).origin;
const workerd = childrenOf(process.pid);
console.log(JSON.stringify({ url, token: secrets.token, pid: process.pid, workerd }));

let ending = false;
async function end(code) {
  if (ending) return;
  ending = true;
  await miniflare.dispose();
  process.exit(code);
}
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => end(0));
process.stdin.on("end", () => end(0)).resume();
setInterval(() => workerd.every(isAlive) || die(), 50);

/** Ends at once, and with it the workerd that Miniflare may have started in the place of one that died. */
function die() {
  console.error("workerd died; not started anew");
  for (const child of childrenOf(process.pid)) process.kill(child, "SIGKILL");
  process.exit(1);
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch {
    return ending;
  }
}

/** One Worker as its wrangler.toml says. */
function worker(path, index) {
  const config = read({ config: path }, { hideWarnings: true });
  const { workerOptions } = optionsOf(path);
  const out = dirname(config.main);
  return {
    ...workerOptions,
    name: config.name,
    // Straight to the Worker: Miniflare's own front would compress answers, and hold streams back by that.
    ...(index === 0 && { unsafeDirectSockets: [{ host: "127.0.0.1", port: Number(given.port) }] }),
    modulesRoot: out,
    modules: [
      { type: "ESModule", path: config.main },
      { type: "CompiledWasm", path: join(out, "index_bg.wasm") },
    ],
    bindings: { ...workerOptions.bindings, ...more[config.name] },
  };
}

/** The secrets kept in `folder`; made up when there are none. */
function secretsOf(folder) {
  const kept = folder && join(folder, "secrets.json");
  try {
    return JSON.parse(readFileSync(kept, "utf8"));
  } catch (why) {
    if (kept && why.code !== "ENOENT") throw why;
  }
  const made = newSecrets();
  if (kept) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(kept, JSON.stringify(made), { mode: 0o600, flag: "wx" });
  }
  return made;
}

function newSecrets() {
  const token = randomBytes(32).toString("base64url");
  const digest = createHash("sha256").update(token).digest("hex");
  const { publicKey } = generateKeyPairSync("ed25519");
  const bindings = {
    KERNELOS_TOKENS: JSON.stringify({ [digest]: "owner" }),
    KERNELOS_MASTER_KEY: randomBytes(32).toString("base64"),
    KERNELOS_DEVICE_PUBLIC_KEY: publicKey.export({ format: "jwk" }).x,
  };
  return { token, bindings };
}

/** The workerd processes that belong to this program. */
function childrenOf(pid) {
  const listed = execFileSync("ps", ["-A", "-o", "pid=,ppid=,comm="], { encoding: "utf8" });
  const rows = listed.split("\n").map((line) => line.trim().split(/\s+/));
  return rows.filter(([, parent, name]) => Number(parent) === pid && /workerd/.test(name)).map(([child]) => Number(child));
}
