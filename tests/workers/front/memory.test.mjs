// Twenty workspaces at work in one isolate. Each is told so much that all of it together is twice of what may be held, so an
// isolate that forgot nothing would be seen.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { start } from "./host.mjs";

const MEMORY_MAX = 64 << 20;
const WORKSPACES = 20;
const PROMPTS = 26;
const PROMPT_BYTES = 240_000;

let host;
before(async () => (host = await start()));
after(() => host.stop());

test("twenty workspaces at work stay below 64 MiB of memory together", async () => {
  const names = Array.from({ length: WORKSPACES }, (_, nth) => `w${nth}`);
  const agents = await Promise.all(names.map(async (name) => (await host.begin(name)).agent));
  let said = 0;
  for (let nth = 0; nth < PROMPTS; nth += 1) {
    const asked = names.map((name, at) => {
      const prompt = `${name} ${nth} `.padEnd(PROMPT_BYTES, `${nth} words that differ. `);
      said += prompt.length;
      return host.command(name, `ask ${nth}`, "task.ask", { agent: agents[at], prompt });
    });
    for (const { rejected } of await Promise.all(asked)) assert.equal(rejected, null);
  }
  const { isolate } = await host.standing(names[0]);
  assert.equal(isolate.open, WORKSPACES);
  assert.ok(said > 1.5 * MEMORY_MAX, "what was said would fit into memory, so nothing is shown");
  assert.ok(isolate.memory_bytes <= MEMORY_MAX, `${isolate.memory_bytes} bytes of memory`);
  // Whoever forgot still answers.
  for (const name of names) assert.equal((await host.create(name, "last")).rejected, null);
});
