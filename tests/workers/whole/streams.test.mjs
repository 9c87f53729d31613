// Streams of events: held by the gateway, while the object of the workspace sleeps.

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { RESTED, start, until } from "./host.mjs";

let folder;
let host;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "kernelos-streams-"));
  host = await start({ folder });
});

after(async () => {
  await host.stop();
  rmSync(folder, { recursive: true });
});

/** How often the object of `workspace` was begun: each time it claims its log anew. */
function begun(workspace) {
  for (const entry of readdirSync(folder, { recursive: true }).filter((name) => name.endsWith(".sqlite"))) {
    const file = new DatabaseSync(join(folder, entry), { readOnly: true });
    try {
      const row = file.prepare("SELECT epoch FROM heads WHERE ws = ?").get(workspace.id);
      if (row) return row.epoch;
    } catch {
      // Another object's storage.
    } finally {
      file.close();
    }
  }
  throw new Error(`${workspace.id} has no storage`);
}

const create = (workspace, title) => workspace.command("task.create", { title });
const end = async (workspace) => (await workspace.events()).at(-1).pos;

test("an object that ends while a stream is open is begun by the next command, and the stream goes on", async () => {
  const workspace = await host.workspace("asleep");
  const stream = await workspace.follow();
  await create(workspace, "before");
  const last = await end(workspace);
  await stream.hears(({ id }) => id === last);
  const before = begun(workspace);
  await sleep(RESTED);
  assert.equal(stream.ended, false);
  await create(workspace, "after");
  await stream.hears(({ data }) => data.event?.type === "task.created" && data.event.pos > last);
  assert.ok(begun(workspace) > before, "it was awake all the time");
  assert.deepEqual(stream.positions(), Array.from({ length: await end(workspace) }, (_, at) => at + 1));
  stream.leave();
});

test("whoever comes back with the last position misses nothing and gets nothing twice", async () => {
  const workspace = await host.workspace("resumed");
  const seen = [];
  for (let nth = 0; nth < 5; nth += 1) {
    const stream = await workspace.follow({ lastEventId: seen.at(-1) });
    await create(workspace, `while ${nth}`);
    const last = await end(workspace);
    await stream.hears(({ id }) => id === last);
    seen.push(...stream.positions());
    stream.leave();
    await create(workspace, `between ${nth}`);
  }
  const rest = await workspace.follow({ lastEventId: seen.at(-1) });
  const last = await end(workspace);
  await rest.hears(({ id }) => id === last);
  seen.push(...rest.positions());
  rest.leave();
  assert.deepEqual(seen, Array.from({ length: last }, (_, at) => at + 1));
});

test("fifty streams hear of every event in order", async () => {
  const workspace = await host.workspace("many");
  const streams = await Promise.all(Array.from({ length: 50 }, () => workspace.follow()));
  for (let nth = 0; nth < 20; nth += 1) await create(workspace, `task ${nth}`);
  const last = await end(workspace);
  for (const stream of streams) await stream.hears(({ id }) => id === last);
  for (const stream of streams) {
    assert.deepEqual(stream.positions(), Array.from({ length: last }, (_, at) => at + 1));
    stream.leave();
  }
});

test("a quiet stream has a heartbeat, and a stream of nothing is refused", async () => {
  const workspace = await host.workspace("quiet");
  const stream = await workspace.follow();
  await until(() => stream.heartbeats > 0);
  stream.leave();
  await assert.rejects(workspace.follow({ after: 1_000_000 }), /422/);
  const nobodys = (workspace.id.startsWith("0") ? "1" : "0") + workspace.id.slice(1);
  const nowhere = await host.send(`/workspaces/${nobodys}/events`, { headers: { accept: "text/event-stream" } });
  assert.deepEqual([nowhere.status, (await nowhere.json()).code], [404, "workspace_not_found"]);
});
