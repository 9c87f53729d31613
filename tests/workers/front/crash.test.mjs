// The host is killed while 32 write: nothing that was acknowledged is lost, nothing is there twice, and alarms that were due
// meanwhile go off. `KERNELOS_KILL_ROUNDS` says how often; three times when it says nothing.

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { start, until } from "./host.mjs";

const ROUNDS = Number(process.env.KERNELOS_KILL_ROUNDS ?? 3);
const WRITERS = 32;

let folder;
before(async () => (folder = await mkdtemp(join(tmpdir(), "kernelos-kill-"))));
after(() => rm(folder, { recursive: true, force: true }));

/** Writes until the host is gone; what was answered is acknowledged, and the last one may have been committed. */
async function write(host, round, writer, acknowledged, sent) {
  for (let nth = 0; ; nth += 1) {
    const title = `${round}-${writer}-${nth}`;
    sent.add(title);
    try {
      const { pos, rejected } = await host.create("kill", title);
      assert.equal(rejected, null);
      acknowledged.set(title, pos);
    } catch {
      return;
    }
  }
}

const created = (events) => events.filter(({ type }) => type === "task.created");

test("killed under concurrent writers, it loses nothing that was acknowledged and has nothing twice", async () => {
  const acknowledged = new Map();
  const sent = new Set();
  for (let round = 0; round < ROUNDS; round += 1) {
    const host = await start(folder);
    await host.begin("kill");
    const before = acknowledged.size;
    const writers = Array.from({ length: WRITERS }, (_, writer) => write(host, round, writer, acknowledged, sent));
    await until(() => acknowledged.size >= before + 4 * WRITERS);
    await sleep(Math.random() * 50);
    await host.kill();
    await Promise.all(writers);
    await isWhole(acknowledged, sent);
  }
});

/** Started again, the log has what was acknowledged, once, where it was said to be, and each is still known. */
async function isWhole(acknowledged, sent) {
  const host = await start(folder);
  const events = await host.events("kill");
  assert.deepEqual(events.map(({ pos }) => pos), events.map((_, at) => at + 1));
  const there = created(events).map(({ title }) => title);
  assert.equal(new Set(there).size, there.length, "something is there twice");
  for (const title of acknowledged.keys()) assert.ok(there.includes(title), `${title} was acknowledged and is lost`);
  for (const title of there) assert.ok(sent.has(title), `${title} was never sent`);
  for (const [title, pos] of [...acknowledged].slice(-4)) {
    const reply = await host.create("kill", title);
    assert.equal(reply.known, true, `${title} is decided again`);
    assert.equal(reply.pos, pos);
  }
  assert.equal((await host.events("kill")).length, events.length);
  await host.stop();
}

test("an alarm that was due while the host was down goes off when it is back, and nobody has to ask", async () => {
  const source = {
    document: { dsl: "1.0.0", namespace: "n", name: "waits", version: "1.0.0" },
    do: [{ pause: { wait: { seconds: 2 } } }],
  };
  let host = await start(folder);
  await host.begin("alarm");
  const { made } = await host.command("alarm", "define", "workflow.define", { source });
  await host.command("alarm", "run", "run.start", { workflow: made[0], input: {} });
  assert.equal(await host.woken("alarm"), 0);
  await host.kill();
  await sleep(3_000);
  host = await start(folder);
  await until(async () => (await host.woken("alarm")) >= 1);
  await host.stop();
});
