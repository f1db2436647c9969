/** Several apps in one server: the same files in nano, told apart by host, and in self-hosted workerd, which has no Host routing, on a port each. */
import { existsSync } from "node:fs";
import { copyFile, mkdir } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import type { Peers } from "./peers.ts";
import { NANO, WORK } from "./peers.ts";
import { type Address, freePort, freePorts, Server } from "./server.ts";

export interface HostedApp {
  readonly name: string;
  readonly file: string;
  /** More of nano's config of the app. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

export interface Hosting extends AsyncDisposable {
  readonly server: Server;
  addressOf(app: string): Address;
}

export interface HostOptions {
  readonly label: string;
  readonly apps: readonly HostedApp[];
  /** nano's limits for every app. workerd has none to set. */
  readonly limits?: Readonly<Record<string, number>>;
  /** nano's limits of the server. */
  readonly serverLimits?: Readonly<Record<string, number>>;
  readonly timeoutMs?: number;
  /** More of nano's config. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** Null where dist/nano has not been built. */
export async function hostInNano({ label, apps, limits = {}, serverLimits = {}, timeoutMs, config: more = {} }: HostOptions): Promise<Hosting | null> {
  if (!existsSync(NANO)) {
    console.log("dist/nano is not there: npm run build");
    return null;
  }
  const port = await freePort();
  const config = join(WORK, `${label}.json`);
  const app = ({ name, file, settings = {} }: HostedApp) => ({ name, hostname: `${name}.test`, path: relative(WORK, file), ...(Object.keys(limits).length > 0 ? { limits } : {}), ...settings });
  await Bun.write(config, JSON.stringify({ port, log: { level: "error" }, limits: serverLimits, ...more, apps: apps.map(app) }));
  return hosting(await Server.start({ name: "nano", command: [NANO, "serve", "--config", config], port, ...bounded(timeoutMs) }), (name) => ({ port, host: `${name}.test` }));
}

/** Null where workerd has no executable for this machine. */
export async function hostInWorkerd({ label, apps, timeoutMs }: HostOptions, { workerd }: Peers): Promise<Hosting | null> {
  if (workerd === null) return null;
  const ports = await freePorts(apps.length);
  const portOf = new Map(apps.map(({ name }, i) => [name, ports[i] as number]));
  const config = await writeWorkerdConfig(label, apps.map((app) => ({ ...app, port: portOf.get(app.name) as number })));
  // Sockets open in the order of the config: when the last one accepts, all do.
  const server = await Server.start({ name: "workerd", command: [workerd, "serve", config], port: ports.at(-1) as number, ...bounded(timeoutMs) });
  return hosting(server, (name) => ({ port: portOf.get(name) as number, host: `${name}.test` }));
}

const bounded = (timeoutMs: number | undefined) => (timeoutMs === undefined ? {} : { timeoutMs });

function hosting(server: Server, addressOf: (app: string) => Address): Hosting {
  return { server, addressOf, [Symbol.asyncDispose]: () => server.stop() };
}

/** Writes a configuration with its modules beside it (https://github.com/cloudflare/workerd/blob/main/src/workerd/server/workerd.capnp) and returns its path. */
export async function writeWorkerdConfig(label: string, apps: readonly (HostedApp & { readonly port: number })[]): Promise<string> {
  const folder = join(WORK, "workerd", label);
  await mkdir(folder, { recursive: true });
  for (const { file } of apps) await copyFile(file, join(folder, basename(file)));
  const services = apps.map(({ name, file }) => `(name = "${name}", worker = (modules = [(name = "main", esModule = embed "${basename(file)}")], compatibilityDate = "2026-11-01"))`);
  const sockets = apps.map(({ name, port }) => `(name = "${name}", address = "127.0.0.1:${port}", http = (), service = "${name}")`);
  const list = (entries: readonly string[]) => `[\n    ${entries.join(",\n    ")}\n  ]`;
  const path = join(folder, "config.capnp");
  await Bun.write(path, `using Workerd = import "/workerd/workerd.capnp";\nconst config :Workerd.Config = (\n  services = ${list(services)},\n  sockets = ${list(sockets)},\n);\n`);
  return path;
}
