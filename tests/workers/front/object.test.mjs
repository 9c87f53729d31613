// The object of a workspace: what it answers, whom it tells, and what it does when nobody asks.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { start, until } from "./host.mjs";

/** After about ten seconds of rest workerd ends an object, if nothing but sleeping sockets holds it. */
const RESTED = 14_000;

let host;
before(async () => (host = await start()));
after(() => host.stop());

const titles = (events) => events.filter(({ type }) => type === "task.created").map(({ title }) => title);

test("a command that is sent again gets the same reply and changes nothing", async () => {
  await host.begin("again");
  const first = await host.create("again", "once");
  const events = await host.events("again");
  const second = await host.create("again", "once");
  assert.deepEqual(second, { ...first, known: true });
  assert.deepEqual(await host.events("again"), events);
  await host.begin("again");
  assert.deepEqual(await host.events("again"), events);
});

test("what many write at once is committed together, each once, in one order", async () => {
  await host.begin("many");
  const wanted = Array.from({ length: 32 * 8 }, (_, nth) => `task ${nth}`);
  const writers = Array.from({ length: 32 }, (_, nth) => wanted.filter((_, at) => at % 32 === nth));
  const before = await host.standing("many");
  await Promise.all(
    writers.map(async (mine) => {
      for (const title of mine) assert.equal((await host.create("many", title)).rejected, null);
    }),
  );
  const { commands, flushes, rows_written } = await host.standing("many");
  const events = await host.events("many");
  assert.deepEqual(titles(events).sort(), wanted.sort());
  assert.deepEqual(events.map(({ pos }) => pos), events.map((_, at) => at + 1));
  assert.equal(commands - before.commands, wanted.length);
  assert.ok(flushes - before.flushes < wanted.length / 2, `${wanted.length} commands took ${flushes} flushes`);
  assert.ok((rows_written - before.rows_written) / wanted.length < 12, "more rows are written than there were");
});

test("a workspace that was not made is not there, and asking writes nothing", async () => {
  const { error } = await host.create("nowhere", "x");
  assert.equal(error, "NoWorkspace");
  assert.equal((await host.send("/workspaces/nowhere/watch")).status, 426);
  await assert.rejects(host.watch("nowhere"));
  assert.equal((await host.standing("nowhere")).rows_written, 0);
});

test("what is nothing a sequencer is asked is refused and changes nothing", async () => {
  await host.begin("odd");
  const before = await host.events("odd");
  const raw = (body) => host.send("/workspaces/odd/raw", { method: "POST", body });
  for (const body of ["", "{}", "[]", '{"submit":1}', '{"look":{"events":[-1,1]}}', "\u0000"]) {
    assert.ok([400, 422].includes((await raw(body)).status), body);
  }
  assert.equal((await raw("x".repeat((16 << 20) + 1))).status, 413);
  assert.deepEqual(await host.events("odd"), before);
});

test("who watches is told where the log stands, and of every commit", async () => {
  await host.begin("seen");
  const [{ pos: stands }] = (await host.events("seen")).slice(-1);
  const watcher = await host.watch("seen");
  await watcher.hears(({ pos }) => pos === stands);
  const { pos } = await host.create("seen", "one");
  await watcher.hears((told) => told.pos >= pos);
  watcher.socket.close();
});

test("who asks for what comes after is answered by the next commit, and without one when the time is over", async () => {
  await host.begin("waits");
  const moved = (after, wait_ms) =>
    host.json("/workspaces/waits/raw", { method: "POST", body: JSON.stringify({ moved: { after, wait_ms } }) });
  const { Ok: stands } = await moved(0, 0);
  assert.deepEqual(await moved(stands, 50), { Ok: stands });
  const [told, { pos }] = await Promise.all([moved(stands, 30_000), sleep(200).then(() => host.create("waits", "now"))]);
  assert.ok(told.Ok > stands && told.Ok >= pos, `told ${told.Ok}, written at ${pos}`);
});

test("an effect wakes the runtime, and a timer does when it is due", async () => {
  const { agent } = await host.begin("wakes");
  assert.equal(await host.woken("wakes"), 0);
  await host.command("wakes", "ask", "task.ask", { agent, prompt: "What is the capital of France?" });
  await until(async () => (await host.woken("wakes")) === 1);

  await host.begin("rings");
  const source = {
    document: { dsl: "1.0.0", namespace: "n", name: "waits", version: "1.0.0" },
    do: [{ pause: { wait: { seconds: 1 } } }],
  };
  const { made } = await host.command("rings", "define", "workflow.define", { source });
  await host.command("rings", "run", "run.start", { workflow: made[0], input: {} });
  assert.equal(await host.woken("rings"), 0, "nothing is due yet");
  await until(async () => (await host.woken("rings")) === 1);
});

test("the directory lists what is a principal's, however often it was told", async () => {
  const register = (whose, name) => host.json(`/directory/${whose}`, { method: "POST", body: name });
  assert.deepEqual(await host.json("/directory/ann"), []);
  const [first] = await register("ann", "a");
  await register("ann", "a");
  assert.deepEqual(await host.json("/directory/ann"), [first]);
  const both = await register("ann", "b");
  assert.equal(both.length, 2);
  assert.deepEqual(both, [...both].sort());
  const [other] = await register("bob", "c");
  assert.ok(!(await host.json("/directory/ann")).includes(other));
});

test("an object is ended while somebody watches, and its next event arrives nevertheless", async () => {
  await host.begin("sleeps");
  for (const title of ["a", "b", "c"]) await host.create("sleeps", title);
  const watcher = await host.watch("sleeps");
  await until(() => watcher.told.length === 1);
  await sleep(RESTED);
  const { pos } = await host.create("sleeps", "after");
  await watcher.hears((told) => told.pos >= pos);
  const { commands } = await host.standing("sleeps");
  assert.equal(commands, 1, "the object is another one, or it did not sleep");
  assert.deepEqual(titles(await host.events("sleeps")), ["a", "b", "c", "after"]);
  assert.equal((await host.create("sleeps", "a")).known, true);
  watcher.socket.close();
});
