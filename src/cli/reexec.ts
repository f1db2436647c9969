/**
 * The engine's options are read when a process starts. A process that lacks them is replaced by one that has them: in place on Unix, so that
 * the process id, the terminal and whoever waits for the process notice nothing; elsewhere by a child.
 */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { withEngineOptions } from "../config/environment.ts";
import type { CommandContext } from "./command.ts";

const LIBC: Readonly<Record<string, readonly string[]>> = {
  linux: ["libc.so.6", `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`, "libc.so"],
  darwin: ["libSystem.B.dylib"],
};

/** Runs `work` in a process with the engine's options: this one, when it has them. */
export async function withEngine(argv: readonly string[], context: CommandContext, work: () => Promise<number>): Promise<number> {
  if (context.environment.hasEngineOptions) return work();
  const environment = withEngineOptions();
  await replaceProcess(argv, environment);
  return runChild(argv, environment, context);
}

/** Returns only when it did not work. */
async function replaceProcess(argv: readonly string[], environment: Readonly<Record<string, string>>): Promise<void> {
  try {
    const { dlopen, FFIType, ptr } = await import("bun:ffi");
    for (const name of LIBC[process.platform] ?? []) {
      const library = open(() => dlopen(name, { execve: { args: [FFIType.ptr, FFIType.ptr, FFIType.ptr], returns: FFIType.i32 } }));
      if (library === null) continue;
      const kept: Buffer[] = [];
      const text = (value: string) => {
        const buffer = Buffer.from(`${value}\0`);
        kept.push(buffer);
        return BigInt(ptr(buffer));
      };
      const list = (values: readonly string[]) => BigUint64Array.from([...values.map(text), 0n]);
      const args = list([process.execPath, ...argv]);
      const variables = list(Object.entries(environment).map(([name, value]) => `${name}=${value}`));
      library.symbols.execve(Number(text(process.execPath)) as never, ptr(args), ptr(variables));
      return;
    }
  } catch {
    // No foreign functions here: a child does it.
  }
}

function open<T>(load: () => T): T | null {
  try {
    return load();
  } catch {
    return null;
  }
}

function runChild(argv: readonly string[], environment: Readonly<Record<string, string>>, { terminal }: CommandContext): Promise<number> {
  const child = spawn(process.execPath, [...argv], { env: environment, stdio: "inherit" });
  // Ctrl+C reaches the child as well, and a second signal would end it at once.
  const stop = terminal.onSignal((signal) => {
    if (signal !== "SIGINT" || !terminal.isInteractive) child.kill(signal as NodeJS.Signals);
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      stop();
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}
