/** Configurations for self-hosted workerd (https://github.com/cloudflare/workerd/blob/main/src/workerd/server/workerd.capnp). It has no Host routing: every app has a port. */
import { copyFile, mkdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { ROOT } from "./peers.ts";

export interface WorkerdApp {
  readonly name: string;
  readonly file: string;
  readonly port: number;
}

/** Writes the configuration with its modules beside it and returns its path. */
export async function writeWorkerdConfig(label: string, apps: readonly WorkerdApp[]): Promise<string> {
  const folder = join(ROOT, "dist", "bench", "workerd", label);
  await mkdir(folder, { recursive: true });
  for (const { file } of apps) await copyFile(file, join(folder, basename(file)));
  const services = apps.map(({ name, file }) => `    (name = "${name}", worker = (modules = [(name = "main", esModule = embed "${basename(file)}")], compatibilityDate = "2026-11-01"))`);
  const sockets = apps.map(({ name, port }) => `    (name = "${name}", address = "127.0.0.1:${port}", http = (), service = "${name}")`);
  const path = join(folder, "config.capnp");
  await Bun.write(path, `using Workerd = import "/workerd/workerd.capnp";\nconst config :Workerd.Config = (\n  services = [\n${services.join(",\n")}\n  ],\n  sockets = [\n${sockets.join(",\n")}\n  ],\n);\n`);
  return path;
}
