// What a durable command costs beside an object that does nothing, on the same way: prints one line of JSON.
//
//   node tests/workers/front/measure.mjs

import { start } from "./host.mjs";

const ALONE = 400;
const TOGETHER_MS = 5_000;
const CLIENTS = 32;

const host = await start();
await host.begin("one");
let count = 0;
const noop = async () => (await host.send("/noop")).text();
const command = async (name = "one") => {
  const { rejected, error } = await host.create(name, `task ${count++}`);
  if (rejected || error) throw new Error(rejected ?? error);
};

/** Milliseconds of each, one after the other. */
async function alone(work) {
  const times = [];
  for (let nth = 0; nth < ALONE; nth += 1) {
    const began = performance.now();
    await work();
    times.push(performance.now() - began);
  }
  times.sort((a, b) => a - b);
  const at = (share) => Number(times[Math.floor(times.length * share)].toFixed(2));
  return { p50: at(0.5), p99: at(0.99) };
}

/** How many in a second, by many clients at once. */
async function together(work) {
  const end = performance.now() + TOGETHER_MS;
  let done = 0;
  const client = async () => {
    while (performance.now() < end) {
      await work();
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  return Math.round((done * 1000) / TOGETHER_MS);
}

for (const work of [noop, command]) for (let nth = 0; nth < 100; nth += 1) await work();
const rounds = [];
for (let round = 0; round < 3; round += 1) {
  rounds.push({ noop: await alone(noop), command: await alone(command), noops: await together(noop), commands: await together(command) });
}
await host.begin("rows");
const before = await host.standing("rows");
for (let nth = 0; nth < 20; nth += 1) await command("rows");
const { rows_written, flushes, commands } = await host.standing("rows");
const one = await host.standing("one");
console.log(
  JSON.stringify({
    rounds,
    rows_per_command: (rows_written - before.rows_written) / 20,
    commands_per_flush: Number((one.commands / one.flushes).toFixed(1)),
    rows_per_command_long: Number((one.rows_written / one.commands).toFixed(2)),
    database_bytes: one.database_bytes,
    memory_bytes: one.isolate.memory_bytes,
    flushes, commands,
  }, null, 1),
);
await host.stop();
