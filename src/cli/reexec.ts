/**
 * The engine's options are read when a process starts. A process that lacks them is replaced by one that has them: in place on Unix, so that
 * the process id, the terminal and whoever waits for the process notice nothing; elsewhere by a child.
 */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { withEngineOptions } from "../config/environment.ts";
import type { CommandContext } from "./command.ts";
import { replaceProcess } from "./replace-process.ts";

/** Runs `work` in a process with the engine's options: this one, when it has them. */
export async function withEngine(argv: readonly string[], context: CommandContext, work: () => Promise<number>): Promise<number> {
  if (context.environment.hasEngineOptions) return work();
  const environment = withEngineOptions();
  await replaceProcess(argv, environment);
  return runChild(argv, environment, context);
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
