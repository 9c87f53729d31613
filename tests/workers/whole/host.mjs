// The whole host under the workerd of this machine: the four Workers as their own wrangler.toml say, and outside of them a
// model, a webhook and a page.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const HARNESS = here("../../../hosts/cloudflare/harness/start.mjs");

/** Longer than anything here takes: what hangs fails a test and does not hang it. */
export const GENEROUS = 60_000;
/** After about ten seconds of rest workerd ends an object, if nothing but sleeping sockets holds it. */
export const RESTED = 14_000;

/** Starts the host; with a folder it is the one that was there before. `bindings` are those of each Worker besides. */
export async function start({ folder, bindings = {} } = {}) {
  const options = folder ? ["--persist", folder] : [];
  const env = { ...process.env, KERNELOS_BINDINGS: JSON.stringify(bindings) };
  const child = spawn(process.execPath, [HARNESS, ...options], { stdio: ["pipe", "pipe", "inherit"], env });
  const [line] = await once(createInterface(child.stdout), "line", { signal: AbortSignal.timeout(GENEROUS) });
  return new Host(child, JSON.parse(line));
}

class Host {
  #keys = 0;

  constructor(child, { url, token, workerd }) {
    Object.assign(this, { child, url, token, workerd });
  }

  /** Ends it in peace. */
  async stop() {
    const ended = once(this.child, "exit");
    this.child.stdin.end();
    await ended;
  }

  /** Ends it as a power cut does. */
  async kill() {
    const ended = once(this.child, "exit");
    for (const pid of this.workerd) process.kill(pid, "SIGKILL");
    this.child.kill("SIGKILL");
    await ended;
  }

  send(path, { headers, ...init } = {}) {
    const all = { authorization: `Bearer ${this.token}`, "content-type": "application/json", ...headers };
    return fetch(`${this.url}/v1${path}`, { signal: AbortSignal.timeout(GENEROUS), headers: all, ...init });
  }

  async json(path, init) {
    const answer = await this.send(path, init);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
    return JSON.parse(text);
  }

  post(path, body) {
    const headers = { "idempotency-key": `${process.pid}-${(this.#keys += 1)}` };
    return this.json(path, { method: "POST", body: JSON.stringify(body), headers });
  }

  /** A new workspace. */
  async workspace(name) {
    const { id } = await this.post("/workspaces", { name });
    return new Workspace(this, id);
  }

  workspaces() {
    return this.json("/workspaces").then(({ workspaces }) => workspaces);
  }
}

export class Workspace {
  constructor(host, id) {
    Object.assign(this, { host, id, path: `/workspaces/${id}` });
  }

  /** A command that is accepted; gives what it made. */
  async command(type, data) {
    const { outcomes } = await this.host.post(`${this.path}/commands`, { commands: [{ type, data }] });
    if (outcomes[0].status !== "accepted") throw new Error(`${type}: ${JSON.stringify(outcomes[0])}`);
    return outcomes[0].made ?? [];
  }

  /** An agent that asks the model at `base_url`. */
  async agent(base_url, provider = {}) {
    const [made] = await this.command("provider.define", {
      name: "local", dialect: "openai-chat", base_url, model: "test-model", ...provider,
    });
    const [agent] = await this.command("agent.define", { name: "helper", provider: made });
    return agent;
  }

  /** Asks, and waits until the task does not go on by itself. */
  async answer(agent, prompt) {
    const [task] = await this.command("task.ask", { agent, prompt });
    return this.settled(task);
  }

  async settled(task) {
    const end = Date.now() + GENEROUS;
    while (Date.now() < end) {
      const view = await this.host.json(`${this.path}/tasks/${task}?wait=5000`);
      if (view.status !== "running") return view;
    }
    throw new Error(`${task} does not come to its end`);
  }

  async events(after = 0) {
    const { events } = await this.host.json(`${this.path}/events?after=${after}&limit=256`);
    return events.map(({ event }) => event);
  }

  /** The stream of events, as a browser would read it. */
  async follow({ after, lastEventId } = {}) {
    const leave = new AbortController();
    const headers = { accept: "text/event-stream", ...(lastEventId && { "last-event-id": String(lastEventId) }) };
    const path = `${this.path}/events${after === undefined ? "" : `?after=${after}`}`;
    const answer = await this.host.send(path, { headers, signal: leave.signal });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return new Stream(answer.body, leave);
  }
}

/** What a stream said so far. */
class Stream {
  said = [];
  ended = false;
  heartbeats = 0;

  constructor(body, leave) {
    this.leave = () => leave.abort();
    this.#read(body).catch(() => {}).finally(() => (this.ended = true));
  }

  async #read(body) {
    let text = "";
    for await (const piece of body.pipeThrough(new TextDecoderStream())) {
      text += piece;
      for (let end; (end = text.indexOf("\n\n")) >= 0; text = text.slice(end + 2)) this.#block(text.slice(0, end));
    }
  }

  #block(block) {
    const fields = Object.fromEntries(block.split("\n").map((line) => line.split(/: ?(.*)/s)));
    if (fields.event) this.said.push({ event: fields.event, id: fields.id && Number(fields.id), data: JSON.parse(fields.data) });
    else if (block.startsWith(":")) this.heartbeats += 1;
  }

  /** Positions of the events, in the order in which they came. */
  positions() {
    return this.said.filter(({ event }) => event === "event").map(({ id }) => id);
  }

  hears(wanted) {
    return until(() => this.said.find(wanted));
  }
}

/** Waits until it is so. */
export async function until(so) {
  const end = Date.now() + GENEROUS;
  for (;;) {
    const found = await so();
    if (found) return found;
    if (Date.now() > end) throw new Error(`it did not come about: ${so}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A server outside; it answers what `answer` says of a request and its body. */
export async function outside(answer) {
  const visits = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request) body += piece;
    const visit = { method: request.method, url: request.url, headers: request.headers, body };
    visits.push(visit);
    await answer(visit, response, request);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${server.address().port}`;
  // It holds nothing up: a story that failed ends all the same.
  server.unref();
  return { origin, visits };
}

/** The third-party endpoint that stands for a model provider. */
export async function model(fixtures = "ask.json") {
  const program = here("../../peers/node_modules/@copilotkit/aimock/dist/cli.js");
  const options = ["--port", "0", "--validate-on-load", "--fixtures", here(`../../peers/fixtures/${fixtures}`)];
  const child = spawn(process.execPath, [program, ...options], { stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface(child.stdout);
  for await (const line of lines) {
    const [, address] = line.split("listening on ");
    if (address) return { base_url: `${address.trim()}/v1`, close: () => child.kill() };
  }
  throw new Error("the test endpoint did not say where it listens");
}
