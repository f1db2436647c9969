/**
 * `bun scripts/npm-packages.ts [--all]`: the npm packages in `dist/npm`, from executables in `dist`: one for each platform, and the main one, which has a launcher and
 * names those as optional dependencies, so that npm installs the one that fits. Packs each as `dist/npm/*.tgz`. Nothing runs at installation.
 */
import { chmod, copyFile, cp, link, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { TARGETS } from "../build/targets.ts";
import { version } from "../package.json";
import { configJsonSchema } from "../src/config/json-schema.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const SCOPE = "@nano-host";
export const MAIN_PACKAGE = `${SCOPE}/nano`;

interface Platform {
  /** As Node names it: `process.platform`, `process.arch`, and the libc where that matters. */
  readonly name: string;
  readonly os: string;
  readonly cpu: string;
  readonly libc?: "glibc" | "musl";
  /** In `dist`. */
  readonly executable: string;
}

function platformOf(target: (typeof TARGETS)[number]): Platform {
  const [, system = "", cpu = "", libc] = target.split("-");
  const os = system === "windows" ? "win32" : system;
  return {
    name: [os, cpu, ...(libc === undefined ? [] : [libc])].join("-"),
    os,
    cpu,
    ...(os === "linux" ? { libc: libc === "musl" ? "musl" : "glibc" } : {}),
    executable: `nano-${target.replace("bun-", "")}${os === "win32" ? ".exe" : ""}`,
  };
}

const PLATFORMS: readonly Platform[] = TARGETS.map(platformOf);

/** This machine's, from `dist/nano`. Throws where nano is built for no such platform. */
function hostPlatform(): Platform {
  const isMusl = process.platform === "linux" && (process.report.getReport() as { header: { glibcVersionRuntime?: string } }).header.glibcVersionRuntime === undefined;
  const name = `${process.platform}-${process.arch}${isMusl ? "-musl" : ""}`;
  const platform = PLATFORMS.find((one) => one.name === name);
  if (platform === undefined) throw new Error(`there is no target for ${name}: see build/targets.ts`);
  return { ...platform, executable: process.platform === "win32" ? "nano.exe" : "nano" };
}

const common = { version, license: "MIT" };
const manifest = (folder: string, fields: object) => Bun.write(join(folder, "package.json"), `${JSON.stringify({ ...fields, ...common }, null, 2)}\n`);
const packageOf = ({ name }: Platform): string => `${SCOPE}/${name}`;

async function writePlatform(out: string, platform: Platform): Promise<string> {
  const { name, os, cpu, libc, executable } = platform;
  const folder = join(out, name);
  await mkdir(join(folder, "bin"), { recursive: true });
  const file = join(folder, "bin", os === "win32" ? "nano.exe" : "nano");
  const source = join(ROOT, "dist", executable);
  await link(source, file).catch(() => copyFile(source, file));
  await chmod(file, 0o755);
  await copyFile(join(ROOT, "LICENSE"), join(folder, "LICENSE"));
  await manifest(folder, { name: packageOf(platform), description: `The executable of ${MAIN_PACKAGE} for ${name}`, os: [os], cpu: [cpu], ...(libc === undefined ? {} : { libc: [libc] }), files: ["bin"], preferUnplugged: true });
  return folder;
}

async function writeMain(out: string, platforms: readonly Platform[]): Promise<string> {
  const folder = join(out, "nano");
  await mkdir(join(folder, "bin"), { recursive: true });
  await copyFile(join(ROOT, "scripts/npm/nano.js"), join(folder, "bin/nano.js"));
  await chmod(join(folder, "bin/nano.js"), 0o755);
  await copyFile(join(ROOT, "scripts/npm/README.md"), join(folder, "README.md"));
  await copyFile(join(ROOT, "LICENSE"), join(folder, "LICENSE"));
  await cp(join(ROOT, "types"), join(folder, "types"), { recursive: true, filter: (path) => !path.endsWith("package.json") });
  await Bun.write(join(folder, "nano.schema.json"), `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
  await manifest(folder, {
    name: MAIN_PACKAGE,
    description: "A runtime for many small web apps in the form of Workers, each in a metered, preemptible isolate",
    type: "module",
    bin: { nano: "bin/nano.js" },
    exports: { "./types": { types: "./types/index.d.ts" }, "./types/globals": { types: "./types/globals.d.ts" }, "./nano.schema.json": "./nano.schema.json", "./package.json": "./package.json" },
    files: ["bin", "types", "nano.schema.json"],
    engines: { node: ">=18.17" },
    optionalDependencies: Object.fromEntries(platforms.map((platform) => [packageOf(platform), version])),
  });
  return folder;
}

async function pack(folder: string, out: string): Promise<string> {
  const packed = Bun.spawn(["npm", "pack", "--json", "--pack-destination", out, folder], { stdout: "pipe", stderr: "pipe" });
  const [status, text, errors] = await Promise.all([packed.exited, new Response(packed.stdout).text(), new Response(packed.stderr).text()]);
  if (status !== 0) throw new Error(`npm pack failed in ${folder}:\n${errors}`);
  const told = JSON.parse(text) as readonly { readonly filename: string }[] | Readonly<Record<string, { readonly filename: string }>>;
  return join(out, Object.values(told)[0]?.filename ?? "");
}

/** Paths of the tarballs, the main package's first. `isAll`: for every platform that `build/build.ts --all` builds for; else this machine's alone. */
export async function packNpmPackages(out: string, isAll: boolean): Promise<readonly string[]> {
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  const built = isAll ? PLATFORMS : [hostPlatform()];
  const folders = [await writeMain(out, PLATFORMS), ...(await Promise.all(built.map((platform) => writePlatform(out, platform))))];
  const tarballs: string[] = [];
  for (const folder of folders) tarballs.push(await pack(folder, out));
  return tarballs;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { all: { type: "boolean", default: false } } });
  for (const tarball of await packNpmPackages(join(ROOT, "dist/npm"), values.all)) console.log(tarball.replace(ROOT, ""));
}
