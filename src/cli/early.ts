/** What the executable does before it loads the rest of itself, which takes longer than anything else at its start: see `reexec`. */
import { hasEngineOptions, withEngineOptions } from "../config/environment.ts";
import { replaceProcess } from "./replace-process.ts";

/** Commands that run isolates whatever their arguments are. What is missing here is replaced later, and starts later. */
export const ENGINE_COMMANDS: readonly string[] = ["dev", "run", "eval", "repl", "test", "check", "bench"];

/** Returns when there is nothing to be done, or when it cannot be done here. */
export async function takeEngineOptions([command = "", ...rest]: readonly string[]): Promise<void> {
  if (ENGINE_COMMANDS.includes(command) && !hasEngineOptions()) await replaceProcess([command, ...rest], withEngineOptions());
}
