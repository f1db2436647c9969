/** An evil and a good app in one server, the same two files for nano and for self-hosted workerd. */
import { join } from "node:path";
import { installPeers, ROOT } from "./peers.ts";
import { freePort, type Server, startServer } from "./servers.ts";
import { writeWorkerdConfig } from "./workerd-config.ts";

export interface Pair {
  readonly server: Server;
  readonly good: { readonly port: number; readonly host: string };
  readonly evil: { readonly port: number; readonly host: string };
}

const LIMITS = { cpu_ms: 50, wall_ms: 2000, memory_mb: 64 };

export async function startNanoPair(evilFile: string, goodFile: string, label: string): Promise<Pair> {
  const port = await freePort();
  const config = join(ROOT, "dist", "bench", `${label}.json`);
  const app = (name: string, path: string) => ({ name, hostname: `${name}.test`, path, limits: LIMITS });
  await Bun.write(config, JSON.stringify({ port, log: { level: "error" }, apps: [app("good", goodFile), app("evil", evilFile)] }));
  const server = await startServer("nano", [join(ROOT, "dist", "nano"), "serve", "--config", config], port, { host: "good.test", path: "/" });
  return { server, good: { port, host: "good.test" }, evil: { port, host: "evil.test" } };
}

export async function startWorkerdPair(evilFile: string, goodFile: string, label: string): Promise<Pair | null> {
  const { workerd } = await installPeers();
  if (workerd === null) return null;
  const good = { name: "good", file: goodFile, port: await freePort() };
  const evil = { name: "evil", file: evilFile, port: await freePort() };
  const server = await startServer("workerd", [workerd, "serve", await writeWorkerdConfig(label, [good, evil])], good.port, { host: "good.test", path: "/" });
  return { server, good: { port: good.port, host: "good.test" }, evil: { port: evil.port, host: "evil.test" } };
}
