/** node:process (https://nodejs.org/api/process.html): the part of it that an app has. There is no global of this name. */
import { door } from "../door.ts";
import { checkFunction, plainError } from "../support/errors.ts";
import { web } from "../support/globals.ts";
import { EventEmitter } from "./events.ts";

const NANOSECONDS = 1_000_000;

/** The app's variables that are text. A copy: writing to it changes nothing else. */
export const env: Record<string, string> = Object.fromEntries(Object.entries(door.env).filter(([, value]) => typeof value === "string"));
export const argv: string[] = ["nano", "/app"];
export const argv0 = "nano";
export const execArgv: string[] = [];
export const title = "nano";
export const platform = "linux";
export const arch = "wasm32";
export const pid = 1;
export const ppid = 0;
export const version = "";
export const versions: Record<string, string> = {};
export const release: Record<string, string> = {};
export const features: Record<string, boolean> = {};
export const browser = false;
export const exitCode: number | undefined = undefined;

/** Runs in the next microtask, where Node has a queue before those. */
export function nextTick(callback: (...args: never[]) => unknown, ...args: unknown[]): void {
  checkFunction(callback, "callback");
  web.queueMicrotask(() => Reflect.apply(callback, undefined, args));
}
export const cwd = (): string => "/";
export const uptime = (): number => web.performance.now() / 1000;
export function hrtime(since?: readonly [number, number]): [seconds: number, nanoseconds: number] {
  const now = web.performance.now() * NANOSECONDS;
  const from = since === undefined ? 0 : since[0] * 1e9 + since[1];
  return [Math.floor((now - from) / 1e9), Math.floor((now - from) % 1e9)];
}
hrtime.bigint = (): bigint => BigInt(Math.floor(web.performance.now() * NANOSECONDS));
export function emitWarning(warning: unknown, type: unknown = "Warning"): void {
  const name = typeof type === "object" ? ((type as { type?: string } | null)?.type ?? "Warning") : String(type);
  web.console.warn(warning instanceof Error ? warning : `${name}: ${String(warning)}`);
}
function refuse(name: string): () => never {
  return () => {
    throw plainError("ERR_FEATURE_UNAVAILABLE", `process.${name}() is not available in an app: it shares its process with others`);
  };
}
export const exit = refuse("exit");
export const abort = refuse("abort");
export const kill = refuse("kill");
export const chdir = refuse("chdir");

const output = (log: (text: string) => void) => ({
  isTTY: false,
  write(text: unknown): true {
    log(String(text).replace(/\n$/, ""));
    return true;
  },
});
export const stdout = output((text) => web.console.log(text));
export const stderr = output((text) => web.console.error(text));

const process = Object.assign(new EventEmitter(), {
  env, argv, argv0, execArgv, title, platform, arch, pid, ppid, version, versions, release, features, browser, exitCode, nextTick, cwd, uptime, hrtime, emitWarning, exit, abort, kill, chdir, stdout, stderr,
});
Object.defineProperty(process, Symbol.toStringTag, { value: "process", configurable: true });
export const on = process.on.bind(process);
export const once = process.once.bind(process);
export const off = process.off.bind(process);
export const emit = process.emit.bind(process);
export const addListener = process.addListener.bind(process);
export const removeListener = process.removeListener.bind(process);
export const removeAllListeners = process.removeAllListeners.bind(process);
export const listeners = process.listeners.bind(process);
export const listenerCount = process.listenerCount.bind(process);
export default process;
