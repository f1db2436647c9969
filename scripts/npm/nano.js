#!/usr/bin/env node
// Starts the executable that lies in the package of this platform. Where Node can, this process becomes the executable; else it waits for it and ends as it ends.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);
const { name, version, optionalDependencies } = require("../package.json");

/** The package's name without its scope: what `scripts/npm-packages.ts` calls it. */
function platform() {
  const libc = process.platform === "linux" && process.report.getReport().header.glibcVersionRuntime === undefined ? "-musl" : "";
  return `${process.platform}-${process.arch}${libc}`;
}

function executable() {
  const wanted = `${name.slice(0, name.indexOf("/"))}/${platform()}`;
  try {
    return join(dirname(require.resolve(`${wanted}/package.json`)), "bin", process.platform === "win32" ? "nano.exe" : "nano");
  } catch {
    const known = Object.keys(optionalDependencies);
    console.error(
      known.includes(wanted)
        ? `nano: the package ${wanted} is not installed; it is an optional dependency of ${name}: install again without --omit=optional, on the machine that is to run it`
        : `nano: there is no executable for this platform, which would be ${wanted}; there are ${known.join(", ")}`,
    );
    process.exit(1);
  }
}

const file = executable();
const args = process.argv.slice(2);
const env = { ...process.env, NANO_NPM_PACKAGE: `${name}@${version}` };
// It speaks to Node, and nano refuses to start with it.
delete env.NODE_OPTIONS;

if (typeof process.execve === "function" && process.platform !== "win32") {
  // Node warns that this is new.
  process.emitWarning = () => {};
  process.execve(file, [file, ...args], env);
}

const child = spawn(file, args, { stdio: "inherit", env });
// What a terminal sends, it sends to both; a second one would end nano at once.
const isFromTerminal = process.stdin.isTTY === true;
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, () => (isFromTerminal && signal !== "SIGTERM" ? undefined : child.kill(signal)));
child.on("error", (error) => {
  console.error(`nano: ${file} cannot be started: ${error.message}`);
  process.exit(1);
});
child.on("exit", (code, signal) => {
  if (signal === null) process.exit(code);
  for (const one of ["SIGTERM", "SIGINT", "SIGHUP"]) process.removeAllListeners(one);
  process.kill(process.pid, signal);
});
