// The gateway at the edge: who asks, for what, and what it says when it is not set up.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";
import { start, until } from "./host.mjs";

const ONE = "a token of one";
const OTHER = "a token of somebody else";
const digest = (token) => createHash("sha256").update(token).digest("hex");

let host;
before(async () => (host = await start()));
after(() => host.stop());

async function problem(answer, status, code) {
  assert.equal(answer.status, status);
  assert.equal(answer.headers.get("content-type"), "application/problem+json");
  const document = await answer.json();
  assert.equal(document.code, code, JSON.stringify(document));
  return document;
}

test("nobody gets anywhere without a token, and health needs none", async () => {
  await problem(await host.send("/workspaces", { headers: { authorization: "Bearer wrong" } }), 401, "unauthenticated");
  assert.equal((await fetch(`${host.url}/health`)).status, 200);
  assert.equal((await fetch(`${host.url}/openapi.json`)).status, 200);
});

/** The answer to `send`. A host that has read enough answers and closes, and a client that still writes may not see it. */
async function answered(send) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await send();
    } catch (why) {
      if (attempt === 10 || !["EPIPE", "ECONNRESET"].includes(why.cause?.code)) throw why;
    }
  }
}

test("a body above the limit is refused, announced or not", async () => {
  const large = JSON.stringify({ name: "x".repeat((1 << 20) + 1) });
  const announced = await answered(() => host.send("/workspaces", { method: "POST", body: large }));
  await problem(announced, 413, "body_too_large");
  // As chunks, so that nothing announces how many there are.
  async function* pieces() {
    for (let nth = 0; nth < 17; nth += 1) yield new TextEncoder().encode("x".repeat(1 << 16));
  }
  const streamed = await answered(() => host.send("/workspaces", { method: "POST", body: pieces(), duplex: "half" }));
  await problem(streamed, 413, "body_too_large");
});

test("headers that are not plain ASCII are read and refused like others", async () => {
  const headers = { "idempotency-key": "käse", "x-other": "\u00ff\u00fe" };
  const answer = await host.send("/workspaces", { method: "POST", body: '{"name":"x"}', headers });
  await problem(answer, 400, "invalid_idempotency_key");
});

test("a page from elsewhere gets nowhere", async () => {
  const answer = await host.send("/workspaces", { headers: { origin: "https://elsewhere.example" } });
  await problem(answer, 403, "forbidden_origin");
});

test("everybody lists what they made or looked at, and the same request gets the same bytes", async () => {
  const made = (await host.workspace("mine")).id;
  assert.ok((await host.workspaces()).includes(made));
  const tokens = JSON.stringify({ [digest(ONE)]: "one", [digest(OTHER)]: "other" });
  const two = await start({ bindings: { kernelos: { KERNELOS_TOKENS: tokens } } });
  two.token = ONE;
  const workspace = await two.workspace("shared");
  const asOther = { headers: { authorization: `Bearer ${OTHER}` } };
  await two.send(workspace.path, asOther);
  const listed = async () => (await two.json("/workspaces", asOther)).workspaces;
  await until(async () => (await listed()).includes(workspace.id)).catch(async () => assert.fail(await listed()));
  await two.stop();
});

test("what is missing is said by its name", async () => {
  const odd = "not what is wanted";
  for (const [name, value] of [["KERNELOS_TOKENS", ""], ["KERNELOS_TOKENS", odd], ["KERNELOS_DEVICE_PUBLIC_KEY", odd]]) {
    const broken = await start({ bindings: { kernelos: { [name]: value } } });
    const said = await problem(await broken.send("/workspaces"), 503, "unavailable");
    assert.match(said.detail, new RegExp(`${name}.*wrangler secret put ${name}`));
    await broken.stop();
  }
});
