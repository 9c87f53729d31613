// Work: performed by the runtime, through the provider router and the one way out.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Workspace, model, outside, start, until } from "./host.mjs";

const KEY = "sk-test-0123456789";

let host;
let mock;
let webhook;

before(async () => {
  mock = await model();
  webhook = await outside((_, response) => response.end("{}"));
  host = await start({
    bindings: {
      "kernelos-provider-router": { TEST_MODEL_KEY: KEY },
      "kernelos-runtime": { KERNELOS_NOTIFY_URL: `${webhook.origin}/notices`, TEST_API_KEY: "api-0123456789" },
    },
  });
});

after(async () => {
  await host.stop();
  mock.close();
});

/** A model that answers in Chat Completions, in pieces with a pause between them. */
function slowly(text, pause) {
  return async (_, response) => {
    response.setHeader("content-type", "text/event-stream");
    const piece = (delta, finish_reason = null) =>
      `data: ${JSON.stringify({ id: "x", object: "chat.completion.chunk", model: "slow", choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
    for (const word of text.split(" ")) {
      response.write(piece({ role: "assistant", content: `${word} ` }));
      await sleep(pause);
    }
    response.write(piece({}, "stop"));
    response.end("data: [DONE]\n\n");
  };
}

test("an agent is asked and answers, and the pieces are heard before the answer is recorded", async () => {
  const workspace = await host.workspace("asked");
  const peer = await outside(slowly("one two three four", 150));
  const agent = await workspace.agent(`${peer.origin}/v1`, { key_ref: "env:TEST_MODEL_KEY" });
  const stream = await workspace.follow();
  const task = await workspace.answer(agent, "Count.");
  assert.deepEqual([task.status, task.steps[0].answer.trim()], ["done", "one two three four"]);
  await stream.hears(({ data }) => data.event?.type === "step.settled");
  const said = stream.said.map(({ event, data }) => (event === "delta" ? "delta" : data.event.type));
  assert.ok(said.filter((word) => word === "delta").length > 1, said.join(" "));
  assert.ok(said.lastIndexOf("delta") < said.indexOf("step.settled"), said.join(" "));
  const heard = stream.said.filter(({ event }) => event === "delta").map(({ data }) => data.text).join("");
  assert.equal(heard.trim(), "one two three four");
  assert.equal(peer.visits[0].headers.authorization, `Bearer ${KEY}`);
  assert.ok(peer.visits[0].headers["idempotency-key"]);
  assert.ok(!JSON.stringify(await workspace.events()).includes(KEY));
  stream.leave();
});

test("twenty questions are all answered", async () => {
  const workspace = await host.workspace("twenty");
  const agent = await workspace.agent(mock.base_url);
  const tasks = await Promise.all(Array.from({ length: 20 }, (_, nth) => workspace.answer(agent, `What is KernelOS? ${nth}`)));
  assert.deepEqual(new Set(tasks.map(({ status }) => status)), new Set(["done"]));
});

test("a provider that fails for a while is asked again when it is due, without anybody asking", async () => {
  const workspace = await host.workspace("again");
  let asked = 0;
  const answers = slowly("at last", 1);
  const peer = await outside((visit, response) => {
    asked += 1;
    if (asked > 2) return answers(visit, response);
    response.statusCode = 503;
    response.end("not now");
  });
  const task = await workspace.answer(await workspace.agent(`${peer.origin}/v1`), "Are you there?");
  assert.deepEqual([task.status, asked], ["done", 3]);
  assert.equal(new Set(peer.visits.map(({ headers }) => headers["idempotency-key"])).size, 1);
});

test("references that are not this host's to give are refused and told", async () => {
  const workspace = await host.workspace("keys");
  const refused = { "env:KERNELOS_TOKENS": "auth invalid", "vault:mine": "auth", "env:NOT_SET_ANYWHERE": "auth" };
  for (const [key_ref, classes] of Object.entries(refused)) {
    const entry = { dialect: "openai-chat", base_url: mock.base_url, model: "m", timeout_ms: 5000, key_ref };
    const { failure } = await host.post(`${workspace.path}/providers/verify`, entry);
    assert.ok(classes.includes(failure.class), JSON.stringify(failure));
  }
});

test("a provider is verified, and one that is not there is said to be", async () => {
  const workspace = await host.workspace("verified");
  const entry = { dialect: "openai-chat", base_url: mock.base_url, model: "test-model", timeout_ms: 5000 };
  const found = await host.post(`${workspace.path}/providers/verify`, entry);
  assert.deepEqual([found.failure, found.streams, found.model], [undefined, true, "test-model"]);
  const absent = { ...entry, base_url: "http://127.0.0.1:1/v1" };
  const { failure } = await host.post(`${workspace.path}/providers/verify`, absent);
  assert.ok(["unavailable", "timeout"].includes(failure.class), JSON.stringify(failure));
});

/** A workflow of these tasks, to its end. */
async function run(workspace, tasks) {
  return workspace.settled(await begin(workspace, tasks));
}

async function begin(workspace, tasks) {
  const document = { dsl: "1.0.3", namespace: "tests", name: "story", version: "1.0.0" };
  const [workflow] = await workspace.command("workflow.define", { source: { document, do: tasks } });
  const [task] = await workspace.command("run.start", { workflow, input: {} });
  return task;
}

const get = (endpoint, headers) => [{ page: { call: "http", with: { method: "get", endpoint, ...(headers && { headers }) } } }];

test("a request leaves for what is allowed and granted, with its secret, and for nothing else", async () => {
  const workspace = await host.workspace("out");
  const page = await outside(({ url }, response) => {
    if (url === "/away") return response.writeHead(302, { location: "http://169.254.169.254/" }).end();
    return response.setHeader("content-type", "application/json").end('{"days":7}');
  });
  const secrets = [`env:TEST_API_KEY@${page.origin}`];
  const refused = async (tasks, word) => {
    const task = await run(workspace, tasks);
    assert.equal(task.status, "failed");
    assert.match(JSON.stringify(await workspace.host.json(`${workspace.path}/tasks/${task.id}`)), word);
  };
  await refused(get(`${page.origin}/`), /refused_host/);
  await workspace.command("egress.allow", { hosts: [page.origin], secrets });
  await refused(get(`${page.origin}/`), /refused_address/);
  assert.equal(page.visits.length, 0);
  await workspace.command("egress.allow", { hosts: [page.origin], private: ["127.0.0.1/32"], secrets });
  const task = await run(workspace, get(`${page.origin}/days`, { authorization: "Bearer {{secret:env:TEST_API_KEY}}" }));
  assert.equal(task.status, "done", JSON.stringify(task));
  assert.equal(page.visits[0].headers.authorization, "Bearer api-0123456789");
  await refused(get(`${page.origin}/away`), /refused_host|refused_address/);
  await refused(get(`${page.origin}/`, { "x-key": "{{secret:env:KERNELOS_DEVICE_PUBLIC_KEY}}" }), /secret/);
});

test("somebody is told of what waits for a person, and the work goes on when it is decided", async () => {
  const workspace = await host.workspace("people");
  const question = "May it go out?";
  const task = await begin(workspace, [{ approve: { call: "ask", with: { question, approve: { text: "hello" } } } }]);
  const notice = await until(() => webhook.visits.find(({ body }) => body.includes(workspace.id)));
  const told = JSON.parse(notice.body);
  assert.deepEqual([notice.url, told.task, told.notice.question], ["/notices", task, question]);
  const { approval, digest } = told.notice;
  await workspace.command("approval.decide", { approval, digest, decision: "approve" });
  assert.equal((await workspace.settled(task)).status, "done");
});

test("what waits for its time goes on by itself", async () => {
  const workspace = await host.workspace("later");
  const task = await run(workspace, [{ wait: { wait: { seconds: 3 } } }, { done: { set: { over: true } } }]);
  assert.equal(task.status, "done", JSON.stringify(task));
});

test("a host that is killed while a model answers and a timer runs goes on with both when it is there again", async () => {
  const folder = mkdtempSync(join(tmpdir(), "kernelos-killed-"));
  let asked = 0;
  const answers = slowly("here again", 1);
  const peer = await outside(async (visit, response) => {
    asked += 1;
    if (asked === 1) return; // It never answers, and its caller will be gone.
    await answers(visit, response);
  });
  const killed = await start({ folder });
  const workspace = await killed.workspace("killed");
  const agent = await workspace.agent(`${peer.origin}/v1`);
  const [question] = await workspace.command("task.ask", { agent, prompt: "Are you there?" });
  const timer = await begin(workspace, [{ wait: { wait: { seconds: 4 } } }]);
  await until(() => asked === 1);
  await killed.kill();
  await sleep(5_000);
  const again = await start({ folder });
  const same = new Workspace(again, workspace.id);
  for (const task of [question, timer]) assert.equal((await same.settled(task)).status, "done");
  assert.equal(asked, 2);
  assert.equal(peer.visits[0].headers["idempotency-key"], peer.visits[1].headers["idempotency-key"]);
  await again.stop();
  rmSync(folder, { recursive: true });
});
