/** The only place that reads the host's environment. */
import { OperatorError, problem } from "../errors.ts";
import type { TracingOptions } from "../observe/otlp.ts";
import { readTracing } from "./tracing.ts";

export interface Environment {
  readonly port: string | undefined;
  readonly configFile: string | undefined;
  readonly logFormat: "json" | "text" | "apache" | undefined;
  /** As NO_COLOR, FORCE_COLOR and TERM say; undefined: where there is a terminal. */
  readonly wantsColor: boolean | undefined;
  /** The user's own folder for sockets, where the system has one. */
  readonly runtimeFolder: string | undefined;
  /** The user's own folder for what can be made again, where the system has one. */
  readonly cacheFolder: string | undefined;
  /** The user's own folder for what is to be kept, where the system has one. */
  readonly stateFolder: string | undefined;
  /** Undefined when nobody collects traces. */
  readonly tracing: TracingOptions | undefined;
  /** The npm package by which nano was started, with its version: what it makes for people names it. Empty for the executable itself. */
  readonly npmPackages: Readonly<Record<string, string>>;
  /** Options of the engine and the allocator are read at process start; true when ours are in force. */
  readonly hasEngineOptions: boolean;
}

/**
 * Options, read at process start, of a process that runs isolates. Without the first, creating a memory slows to 13 ms at 1,000 live ones and code in them runs 1.7 times slower. The
 * next two let the interpreter's own helpers be inlined in it, which is worth 14 % of everything that guests do. The last is the allocator's: memory that was freed
 * goes back to the system after a second, not at once, for chunks of streams are needed again sooner.
 */
export const ENGINE_OPTIONS: Readonly<Record<string, string>> = {
  BUN_JSC_maxNumWasmFastMemories: "20000",
  BUN_JSC_wasmInliningBudget: "60000",
  BUN_JSC_wasmInliningFactor: "20",
  MIMALLOC_PURGE_DELAY: "1000",
};

/** Variables that change what the executable is: it refuses to start with them. */
const REFUSED = /^(BUN_OPTIONS|BUN_BE_BUN|BUN_INSPECT.*|NODE_OPTIONS)$/;

/** Throws OperatorError for a variable that is refused or makes no sense. */
export function readEnvironment(variables: Readonly<Record<string, string | undefined>> = process.env): Environment {
  const problems = Object.keys(variables).filter((name) => REFUSED.test(name) && variables[name] !== undefined).map((name) => problem("environment_refused", { name }));
  const logFormat = variables["NANO_LOG_FORMAT"] || undefined;
  if (!isLogFormat(logFormat)) problems.push(problem("environment_value", { name: "NANO_LOG_FORMAT", expected: "json, text or apache" }));
  const port = variables["NANO_PORT"] || undefined;
  if (port !== undefined && (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)) problems.push(problem("environment_value", { name: "NANO_PORT", expected: "a port, 0 to 65535" }));
  const tracing = readTracing(variables, problems);
  if (problems.length > 0 || !isLogFormat(logFormat)) throw new OperatorError(problems);
  return {
    port,
    configFile: variables["NANO_CONFIG"] || undefined,
    logFormat,
    wantsColor: readColor(variables),
    runtimeFolder: variables["XDG_RUNTIME_DIR"] || undefined,
    cacheFolder: cacheFolderOf(variables),
    stateFolder: stateFolderOf(variables),
    tracing,
    npmPackages: packageOf(variables["NANO_NPM_PACKAGE"]),
    hasEngineOptions: hasEngineOptions(variables),
  };
}

/** `@scope/name@1.2.3`, as the launcher of the npm package says it. */
function packageOf(text = ""): Readonly<Record<string, string>> {
  const [, name, version] = /^((?:@[\w.-]+\/)?[\w.-]+)@([\w.+-]+)$/.exec(text) ?? [];
  return name === undefined || version === undefined ? {} : { [name]: version };
}

export function hasEngineOptions(variables: Readonly<Record<string, string | undefined>> = process.env): boolean {
  return Object.entries(ENGINE_OPTIONS).every(([name, value]) => variables[name] === value);
}

/** A variable that a config names. */
export function hostVariable(name: string): string | undefined {
  return process.env[name];
}

/** What systemd's CacheDirectory= gives, else as https://specifications.freedesktop.org/basedir-spec/ says. Relative paths are no places. */
function cacheFolderOf(variables: Readonly<Record<string, string | undefined>>): string | undefined {
  const given = [variables["CACHE_DIRECTORY"]?.split(":")[0], under(variables["XDG_CACHE_HOME"], "nano"), under(variables["HOME"], ".cache/nano")];
  return given.find((path) => path?.startsWith("/"));
}

function stateFolderOf(variables: Readonly<Record<string, string | undefined>>): string | undefined {
  return [under(variables["XDG_STATE_HOME"], "nano"), under(variables["HOME"], ".local/state/nano")].find((path) => path?.startsWith("/"));
}

function under(folder: string | undefined, name: string): string | undefined {
  return folder === undefined || folder === "" ? undefined : `${folder}/${name}`;
}

/** https://force-color.org says yes wherever it is set, tools say no to 0 and false; https://no-color.org. */
function readColor({ FORCE_COLOR: force, NO_COLOR: no, TERM: term }: Readonly<Record<string, string | undefined>>): boolean | undefined {
  if (force === "0" || force === "false") return false;
  if ((force ?? "") !== "") return true;
  return (no ?? "") !== "" || term === "dumb" ? false : undefined;
}

function isLogFormat(text: string | undefined): text is Environment["logFormat"] {
  return text === undefined || text === "json" || text === "text" || text === "apache";
}

/** The environment for a process that runs isolates: this one, with the engine's options. */
export function withEngineOptions(): Record<string, string> {
  return { ...(process.env as Record<string, string>), ...ENGINE_OPTIONS };
}
