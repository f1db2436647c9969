/**
 * The other runtimes, from npm, pinned, in a folder of their own, so that nano's own install stays small. No install script runs: the executables
 * come straight out of the packages for this platform.
 */
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pinnedVersions from "./peers.json" with { type: "json" };

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
export const NANO = join(ROOT, "dist", "nano");
/** Everything that a benchmark writes and nobody keeps. */
export const WORK = join(ROOT, "dist", "bench");
const FOLDER = join(WORK, "peers");

/** Paths of executables; null where there is none for this machine. */
export interface Peers {
  readonly workerd: string | null;
  readonly deno: string | null;
  readonly node: string | null;
  readonly bun: string;
  /** A script for node. */
  readonly wrangler: string | null;
  /** Where `hono` and `@hono/node-server` resolve from. */
  readonly folder: string;
}

/** Installs what is missing or of another version than pinned. */
export async function installPeers(): Promise<Peers> {
  const { node, ...others } = pinnedVersions;
  const nodePackage = `node-linux-${process.arch}`;
  // npm's `node` fetches its executable in an install script; the package that script would fetch is this one.
  const manifest = JSON.stringify({ private: true, type: "module", dependencies: { ...others, [nodePackage]: node } });
  const manifestFile = Bun.file(join(FOLDER, "package.json"));
  const isInstalled = existsSync(join(FOLDER, "node_modules")) && (await manifestFile.exists()) && (await manifestFile.text()) === manifest;
  if (!isInstalled) {
    console.log(`installing ${Object.entries(pinnedVersions).map(([name, version]) => `${name} ${version}`).join(", ")} into ${FOLDER}`);
    await mkdir(FOLDER, { recursive: true });
    await Bun.write(manifestFile, manifest);
    const install = Bun.spawn([process.execPath, "install", "--ignore-scripts"], { cwd: FOLDER, stdout: "ignore", stderr: "pipe" });
    const told = await new Response(install.stderr).text();
    if ((await install.exited) !== 0) {
      await manifestFile.delete();
      throw new Error(`the peers could not be installed:\n${told}`);
    }
  }
  const executable = (...candidates: string[]) => candidates.map((path) => join(FOLDER, "node_modules", path)).find((path) => existsSync(path)) ?? null;
  return {
    workerd: executable(`@cloudflare/workerd-linux-${process.arch === "x64" ? "64" : process.arch}/bin/workerd`),
    deno: executable(`@deno/linux-${process.arch}-glibc/deno`),
    node: executable(`${nodePackage}/bin/node`),
    bun: process.execPath,
    wrangler: executable("wrangler/bin/wrangler.js"),
    folder: FOLDER,
  };
}

/** What each executable says of itself; libraries as pinned. */
export async function versionsOf(peers: Peers): Promise<Readonly<Record<string, string>>> {
  const ask = async (path: string | null): Promise<string> => {
    if (path === null || !existsSync(path)) return "not here";
    const child = Bun.spawn([path, "--version"], { stdout: "pipe", stderr: "ignore" });
    return (await new Response(child.stdout).text()).split("\n")[0]?.replace(/^(nano|deno|workerd|v)\s*/, "") ?? "";
  };
  return {
    nano: await ask(NANO),
    bun: Bun.version,
    workerd: `${pinnedVersions.workerd} (${await ask(peers.workerd)})`,
    deno: await ask(peers.deno),
    node: await ask(peers.node),
    hono: pinnedVersions.hono,
    "@hono/node-server": pinnedVersions["@hono/node-server"],
    wrangler: pinnedVersions.wrangler,
  };
}
