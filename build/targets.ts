/** Executables for other machines: Bun for them comes from npm's `@oven/bun-*` packages, at our own version. */
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";

export const TARGETS = ["bun-linux-x64", "bun-linux-x64-musl", "bun-linux-arm64", "bun-darwin-arm64", "bun-windows-x64"] as const;

const PACKAGES: Readonly<Record<(typeof TARGETS)[number], string>> = {
  "bun-linux-x64": "@oven/bun-linux-x64",
  "bun-linux-x64-musl": "@oven/bun-linux-x64-musl",
  "bun-linux-arm64": "@oven/bun-linux-aarch64",
  "bun-darwin-arm64": "@oven/bun-darwin-aarch64",
  "bun-windows-x64": "@oven/bun-windows-x64",
};

/** Path of the Bun executable for `target`, installed under `dist/targets` when it is not there yet. */
export async function ensureTarget(target: string, dist: string): Promise<string> {
  const name = PACKAGES[target as keyof typeof PACKAGES];
  if (name === undefined) throw new Error(`unknown target ${target}; there are ${TARGETS.join(", ")}`);
  const home = join(dist, "targets", target);
  const file = join(home, "node_modules", name, "bin", target.includes("windows") ? "bun.exe" : "bun");
  if (existsSync(file)) return file;
  await mkdir(home, { recursive: true });
  await Bun.write(join(home, "package.json"), JSON.stringify({ private: true, dependencies: { [name]: Bun.version } }));
  const platform = target.includes("windows") ? "win32" : target.includes("darwin") ? "darwin" : "linux";
  const cpu = target.includes("arm64") ? "arm64" : "x64";
  const install = Bun.spawn([process.execPath, "install", `--os=${platform}`, `--cpu=${cpu}`, "--no-save"], { cwd: home, stdout: "ignore", stderr: "pipe" });
  const [status, text] = await Promise.all([install.exited, new Response(install.stderr).text()]);
  if (status !== 0 || !existsSync(file)) throw new Error(`${name}@${Bun.version} could not be installed:\n${text}`);
  return file;
}
