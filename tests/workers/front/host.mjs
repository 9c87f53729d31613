// The sequencer under the workerd of this machine, as its own wrangler.toml describes it, with the Worker of this folder in
// front of it and in the runtime's place.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const HARNESS = here("../../../hosts/cloudflare/harness/start.mjs");
const CONFIGS = ["wrangler.toml", "../../../hosts/cloudflare/sequencer/wrangler.toml"].flatMap((path) => ["--config", here(path)]);

/** Longer than anything here takes: what hangs fails a test and does not hang it. */
export const GENEROUS = 60_000;

/** Starts the host; with a folder it is the one that was there before. */
export async function start(folder) {
  const options = folder ? ["--persist", folder] : [];
  const child = spawn(process.execPath, [HARNESS, ...CONFIGS, ...options], { stdio: ["pipe", "pipe", "inherit"] });
  const [line] = await once(createInterface(child.stdout), "line", { signal: AbortSignal.timeout(GENEROUS) });
  const { url, workerd } = JSON.parse(line);
  return new Host(child, url, workerd);
}

class Host {
  constructor(child, url, workerd) {
    Object.assign(this, { child, url, workerd });
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

  send(path, init = {}) {
    return fetch(`${this.url}${path}`, { signal: AbortSignal.timeout(GENEROUS), ...init });
  }

  async json(path, init) {
    const answer = await this.send(path, init);
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${text}`);
    return JSON.parse(text);
  }

  /** A workspace with an agent; beginning it again changes nothing. */
  begin(name) {
    return this.json(`/workspaces/${name}/begin`, { method: "POST" });
  }

  /** A command under an idempotency key, and what the sequencer says. */
  command(name, key, type, data) {
    return this.json(`/workspaces/${name}/commands/${key}`, { method: "POST", body: JSON.stringify({ type, data }) });
  }

  create(name, title) {
    return this.command(name, title, "task.create", { title });
  }

  events(name) {
    return this.json(`/workspaces/${name}/events`);
  }

  standing(name) {
    return this.json(`/workspaces/${name}/standing`);
  }

  /** How often the runtime of a workspace was woken. */
  woken(name) {
    return this.json(`/woken/${name}`);
  }

  /** Messages of a watcher, in order, to be waited for. */
  async watch(name) {
    const socket = new WebSocket(`${this.url.replace("http", "ws")}/workspaces/${name}/watch`);
    const told = [];
    socket.addEventListener("message", ({ data }) => told.push(JSON.parse(data)));
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve);
      socket.addEventListener("error", () => reject(new Error(`${name} is not to be watched`)));
    });
    return { socket, told, hears: (wanted) => until(() => told.some(wanted)) };
  }
}

/** Waits until it is so. */
export async function until(so) {
  const end = Date.now() + GENEROUS;
  while (!(await so())) {
    if (Date.now() > end) throw new Error(`it did not come about: ${so}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
