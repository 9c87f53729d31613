// What clients see when the wasm of a Worker dies. "At once" is measured against what they would wait otherwise: the work
// that is failed here takes ten minutes, and a client that hears no heartbeat gives up after 45 seconds.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const GENEROUS = 20_000;

let host;
let url;

before(async () => {
  const harness = here("../../../hosts/cloudflare/harness/start.mjs");
  const stdio = ["pipe", "pipe", "ignore"];
  host = spawn(process.execPath, [harness, "--config", here("wrangler.toml")], { stdio });
  const [line] = await once(createInterface(host.stdout), "line");
  ({ url } = JSON.parse(line));
});

after(async () => {
  for (const socket of sockets) socket.close();
  host.stdin.end();
  await once(host, "exit");
});

/** Asks an object for a deed; an answer that never comes is an error. */
const ask = (object, deed) => fetch(`${url}/${object}/${deed}`, { signal: AbortSignal.timeout(GENEROUS) });

async function isProblem(response) {
  assert.equal(response.status, 503);
  assert.equal(response.headers.get("content-type"), "application/problem+json");
  const problem = await response.json();
  assert.equal(problem.code, "unavailable");
  assert.equal(problem.type, "urn:kernelos:problem:unavailable");
  for (const field of ["title", "status", "detail", "safe", "hint"]) assert.ok(problem[field], field);
}

const works = async (object) => assert.equal(await (await ask(object, "ok")).text(), "ok");

const sockets = [];

async function watch(object) {
  const socket = new WebSocket(`${url.replace("http", "ws")}/${object}/watch`);
  sockets.push(socket);
  await once(socket, "open");
  return socket;
}

async function echoes(socket, text) {
  const message = once(socket, "message", { signal: AbortSignal.timeout(GENEROUS) });
  socket.send(text);
  const [{ data }] = await message;
  assert.equal(data, text);
}

/** Waits until the other side has said that it closes; the connection itself may linger. */
async function parts(socket) {
  const until = Date.now() + GENEROUS;
  while (socket.readyState === WebSocket.OPEN && Date.now() < until) await sleep(10);
  assert.notEqual(socket.readyState, WebSocket.OPEN, "the socket is still open");
}

for (const deed of ["panic", "panic-later", "trap", "throw"]) {
  test(`after ${deed} the request is answered with a problem, and the next one works`, async () => {
    await works("one");
    await isProblem(await ask("one", deed));
    await works("one");
  });

  test(`${deed} in one object answers what another has not answered yet`, async () => {
    const pending = ask("two", "hang");
    await sleep(200);
    await isProblem(await ask("one", deed));
    await isProblem(await pending);
    await works("two");
  });

  test(`${deed} in one object ends the stream of another with an error`, async () => {
    const reader = (await ask("two", "stream")).body.getReader();
    assert.equal(new TextDecoder().decode((await reader.read()).value), "piece 0\n");
    const rest = assert.rejects(reader.read(), (why) => why.name !== "TimeoutError");
    await isProblem(await ask("one", deed));
    await rest;
    await works("two");
  });
}

test("a Worker that dies before it asks an object answers with a problem, too", async () => {
  const pending = ask("two", "hang");
  await sleep(200);
  await isProblem(await ask("worker", "panic"));
  await isProblem(await pending);
  await works("one");
});

test("a socket of an object at rest survives the death of another", async () => {
  const socket = await watch("two");
  await echoes(socket, "before");
  await isProblem(await ask("one", "panic"));
  await echoes(socket, "after");
});

test("an object that dies parts from its watchers, so that they come back", async () => {
  const socket = await watch("one");
  await isProblem(await ask("one", "panic"));
  await parts(socket);
  await works("one");
});

test("a message that kills the object parts it from its watchers, too", async () => {
  const socket = await watch("one");
  socket.send("die");
  await parts(socket);
  await works("one");
});

test("an alarm that dies is rung again", async () => {
  await ask("three", "set-alarm");
  const until = Date.now() + GENEROUS;
  let calls = 0;
  while (calls < 2 && Date.now() < until) {
    await sleep(200);
    calls = Number(await (await ask("three", "calls")).text());
  }
  assert.ok(calls >= 2, `the alarm was called ${calls} times`);
});
