// From what the tool `xtask-bundle` bound to what Cloudflare loads, for one Worker:
//
//   node bundle.mjs GLUE OUT [--fast]
//
// GLUE holds index.js and index_bg.wasm as bound; OUT gets the two files that are deployed. It prints two numbers: the bytes
// of both files together, as they are and as gzip, which is what the platform limits. With --fast nothing is optimised.

import { execFile } from "node:child_process";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const [glue, out] = process.argv.slice(2, 4).map((path) => resolve(path));
const fast = process.argv.includes("--fast");

// What workerd understands, by name: whatever else an optimiser knows is refused there.
const FEATURES = [
  "mutable-globals",
  "sign-ext",
  "nontrapping-float-to-int",
  "bulk-memory",
  "multivalue",
  "reference-types",
  "exception-handling",
].map((feature) => `--enable-${feature}`);

await mkdir(out, { recursive: true });
await Promise.all([wasm(), script()]);
const files = await Promise.all(["index.js", "index_bg.wasm"].map((name) => readFile(join(out, name))));
const sum = (sizes) => sizes.reduce((total, size) => total + size, 0);
console.log(sum(files.map((file) => file.length)), sum(files.map((file) => gzipSync(file, { level: 9 }).length)));

async function wasm() {
  const [from, to] = [glue, out].map((folder) => join(folder, "index_bg.wasm"));
  if (fast) return copyFile(from, to);
  const optimiser = join(here, "node_modules", "binaryen", "bin", "wasm-opt");
  await promisify(execFile)(process.execPath, [optimiser, "-Os", ...FEATURES, from, "-o", to]);
}

async function script() {
  const bound = await readFile(join(glue, "index.js"), "utf8");
  // A class with a fetch of its own is a Durable Object: that is what the macro writes and nothing else has.
  const classes = [...bound.matchAll(/^export class (\w+) \{$([^]*?)^\}$/gm)]
    .filter(([, , body]) => /^ {4}fetch\(/m.test(body))
    .map(([, name]) => name);
  const entry = [
    `import * as glue from ${JSON.stringify(join(glue, "index.js"))};`,
    `import { durableObject, worker } from ${JSON.stringify(join(here, "shim", "shim.js"))};`,
    `export default worker(glue);`,
    ...classes.map((name) => `export const ${name} = durableObject(glue, ${JSON.stringify(name)});`),
  ].join("\n");
  const built = await esbuild.build({
    stdin: { contents: entry, resolveDir: here, sourcefile: "entry.js" },
    bundle: true,
    format: "esm",
    target: "esnext",
    minify: !fast,
    external: ["./index_bg.wasm", "cloudflare:*"],
    inject: [join(here, "shim", "streams.js")],
    write: false,
  });
  // Both mean the module here, and workerd knows only the plain form.
  const text = built.outputFiles[0].text.replace(/\bimport source /, "import ");
  await writeFile(join(out, "index.js"), text);
}
