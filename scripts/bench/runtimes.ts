/** The rows of `throughput` and `startup`: one app, apps/worker.js, in every runtime as its users would serve it, on one core and without a request log. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { writeWorkerdConfig } from "./hosting.ts";
import { NANO, type Peers, ROOT, WORK } from "./peers.ts";
import { freePort, Server } from "./server.ts";

const APPS = join(ROOT, "scripts/bench/apps");
const WORKER = join(APPS, "worker.js");

export interface Runtime {
  readonly name: string;
  /** Null where the runtime is missing here. */
  command(peers: Peers, port: number): Promise<readonly string[] | null> | readonly string[] | null;
  readonly env?: Readonly<Record<string, string>>;
}

export const BARE = "Bun.serve";
export const OWN = "nano";
export const WORKERD = "workerd";
export const HONO = "node:http + Hono";
/** nano as it is configured by default: one JSON line per request. */
export const OWN_LOGGING = "nano, request log";

const nano = (level: string) => (_peers: Peers, port: number) => (existsSync(NANO) ? [NANO, "serve", "--app", WORKER, "--port", String(port), "--log-level", level] : null);

export const runtimes: readonly Runtime[] = [
  { name: BARE, command: ({ bun }, port) => [bun, join(APPS, "bun-bare.js"), String(port)], env: { NODE_ENV: "production" } },
  { name: OWN, command: nano("error") },
  { name: OWN_LOGGING, command: nano("info") },
  { name: WORKERD, command: async ({ workerd }, port) => (workerd === null ? null : [workerd, "serve", await writeWorkerdConfig("throughput", [{ name: "main", file: WORKER, port }])]) },
  {
    name: "Deno",
    command: ({ deno }, port) => (deno === null ? null : [deno, "serve", "--no-config", "--no-lock", "--cached-only", "--port", String(port), "--host", "127.0.0.1", WORKER]),
    env: { DENO_NO_UPDATE_CHECK: "1", DENO_DIR: join(WORK, "deno") },
  },
  { name: HONO, command: ({ node, folder }, port) => (node === null ? null : [node, join(APPS, "node-hono.js"), String(port), folder]), env: { NODE_ENV: "production" } },
];

export interface Running {
  readonly name: string;
  readonly server: Server;
  readonly port: number;
}

/** Starts the runtime with the app; null where it is missing. */
export async function startRuntime({ name, command, env = {} }: Runtime, peers: Peers): Promise<Running | null> {
  const port = await freePort();
  const line = await command(peers, port);
  if (line === null) {
    console.log(`${name} is not here: left out`);
    return null;
  }
  return { name, server: await Server.start({ name: name.replace(/\W+/g, "-"), command: line, env, port }), port };
}
