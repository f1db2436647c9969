/** Starts and stops the servers under test, each pinned to one core, and reads what they cost from /proc. */
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { PEERS, type PeerPaths, ROOT } from "./peers.ts";

export const SERVER_CORE = "0";
export const LOAD_CORE = "1";
const APPS = join(ROOT, "scripts", "bench", "apps");
const TICKS_PER_SECOND = 100;

export interface Server {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  /** CPU seconds of the process and its children since they started. */
  cpuSeconds(): number;
  rssBytes(): number;
  isAlive(): boolean;
  stop(): Promise<void>;
}

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}

const isPinnable = Bun.which("taskset") !== null;
export const pinned = (core: string, command: readonly string[]): string[] => (isPinnable ? ["taskset", "-c", core, ...command] : [...command]);

/** Commands by runtime; null where the runtime is missing here. */
export function commandOf(name: string, peers: PeerPaths, port: number, workerdConfig?: string): readonly string[] | null {
  switch (name) {
    case "nano":
      return [join(ROOT, "dist", "nano"), "serve", join(APPS, "worker.js"), "--port", String(port), "--log-level", "error"];
    case "workerd":
      return peers.workerd === null ? null : [peers.workerd, "serve", workerdConfig ?? ""];
    case "deno":
      return peers.deno === null ? null : [peers.deno, "serve", "--no-config", "--port", String(port), "--host", "127.0.0.1", join(APPS, "worker.js")];
    case "node-hono":
      return peers.node === null ? null : [peers.node, join(APPS, "node-hono.js"), String(port), PEERS];
    case "bun":
      return [peers.bun, join(APPS, "bun-bare.js"), String(port)];
    default:
      throw new Error(`no runtime ${name}`);
  }
}

export async function startServer(name: string, command: readonly string[], port: number, probe: { readonly host: string; readonly path: string }, env: Readonly<Record<string, string>> = {}): Promise<Server> {
  const child = Bun.spawn(pinned(SERVER_CORE, command), { cwd: ROOT, stdout: "ignore", stderr: "pipe", env: { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "", ...env } });
  const server: Server = {
    name,
    port,
    pid: child.pid,
    cpuSeconds: () => family(child.pid).reduce((sum, pid) => sum + cpuOf(pid), 0),
    rssBytes: () => family(child.pid).reduce((sum, pid) => sum + rssOf(pid), 0),
    isAlive: () => child.exitCode === null && child.signalCode === null,
    async stop() {
      for (const pid of family(child.pid).reverse()) kill(pid);
      await child.exited;
    },
  };
  for (let tries = 0; tries < 400; tries++) {
    if (!server.isAlive()) throw new Error(`${name} did not start:\n${await new Response(child.stderr).text()}`);
    const isUp = await fetch(`http://127.0.0.1:${port}${probe.path}`, { headers: { host: probe.host }, signal: AbortSignal.timeout(1000) }).then(
      async (response) => {
        await response.arrayBuffer();
        return true;
      },
      () => false,
    );
    if (isUp) return server;
    await Bun.sleep(25);
  }
  await server.stop();
  throw new Error(`${name} did not listen on ${port}`);
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has gone already.
  }
}

/** `pid` and its descendants. */
function family(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = statOf(Number(entry));
    if (stat === null) continue;
    const parent = Number(stat[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
  }
  const all = [pid];
  for (let i = 0; i < all.length; i++) all.push(...(children.get(all[i] as number) ?? []));
  return all;
}

/** Fields of /proc/<pid>/stat after the command name: state, parent, … */
function statOf(pid: number): string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    return null;
  }
}

function cpuOf(pid: number): number {
  const stat = statOf(pid);
  return stat === null ? 0 : (Number(stat[11]) + Number(stat[12])) / TICKS_PER_SECOND;
}

function rssOf(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
