/** The only place that reads the host's environment. */
import { OperatorError } from "../errors.ts";

export interface Environment {
  readonly port: string | undefined;
  readonly configFile: string | undefined;
  readonly logFormat: "json" | "text" | "apache" | undefined;
  readonly hasNoColor: boolean;
  /** JSC options are read at process start; true when ours are in force. */
  readonly hasEngineOptions: boolean;
}

/** JSC options of a process that runs isolates. Without the first, creating a memory slows to 13 ms at 1,000 live ones and code in them runs 1.7 times slower. */
export const ENGINE_OPTIONS: Readonly<Record<string, string>> = { BUN_JSC_maxNumWasmFastMemories: "20000" };

/** Variables that change what the executable is: it refuses to start with them. */
const REFUSED = /^(BUN_OPTIONS|BUN_BE_BUN|BUN_INSPECT.*|NODE_OPTIONS)$/;

/** Throws OperatorError for a variable that is refused or makes no sense. */
export function readEnvironment(variables: Readonly<Record<string, string | undefined>> = process.env): Environment {
  const refused = Object.keys(variables).filter((name) => REFUSED.test(name));
  if (refused.length > 0) throw new OperatorError(refused.map((name) => ({ message: `the environment variable ${name} is set`, hint: "it would change what nano itself does: unset it and start again" })));
  const logFormat = variables["NANO_LOG_FORMAT"] || undefined;
  if (logFormat !== undefined && logFormat !== "json" && logFormat !== "text" && logFormat !== "apache")
    throw new OperatorError({ message: `NANO_LOG_FORMAT is ${JSON.stringify(logFormat)}`, hint: "it can be json, text or apache" });
  return {
    port: variables["NANO_PORT"] || undefined,
    configFile: variables["NANO_CONFIG"] || undefined,
    logFormat,
    hasNoColor: (variables["NO_COLOR"] ?? "") !== "",
    hasEngineOptions: Object.entries(ENGINE_OPTIONS).every(([name, value]) => variables[name] === value),
  };
}

/** The environment for a process that runs isolates: this one, with the engine's options. */
export function withEngineOptions(): Record<string, string> {
  return { ...(process.env as Record<string, string>), ...ENGINE_OPTIONS };
}
