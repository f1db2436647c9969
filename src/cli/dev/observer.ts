/** The log of `nano dev`: for people. One tidy line per request, what the app printed, and errors with where they come from. */
import { escapeControls } from "../../observe/log.ts";
import { type Observer, silent } from "../../observe/observer.ts";

export interface DevObserverOptions {
  readonly write: (line: string) => void;
  readonly hasColor: boolean;
}

export function createDevObserver({ write, hasColor }: DevObserverOptions): Observer {
  const paint = (code: number) => (text: string) => (hasColor ? `\u001b[${code}m${text}\u001b[39m` : text);
  const dim = (text: string) => (hasColor ? `\u001b[2m${text}\u001b[22m` : text);
  const [red, green, yellow, cyan] = [paint(31), paint(32), paint(33), paint(36)] as const;
  const lines = (text: string) => text.split("\n").map(escapeControls).join("\n");
  const status = (code: number) => (code >= 500 ? red : code >= 400 ? yellow : green)(String(code));
  const events: Readonly<Record<string, (fields: Readonly<Record<string, unknown>>) => string>> = {
    listening: ({ url, apps }) => `${green("listening")} ${url} ${dim(String(apps))}`,
    port_in_use: ({ port, next }) => `${yellow("taken")}  port ${port} is in use, trying ${next}`,
    stopping: ({ in_flight: inFlight }) => (inFlight === 0 ? "" : dim(`stopping: waits for ${inFlight} requests; once more to stop now`)),
    stopped: ({ aborted_apps: aborted }) => (aborted === "" ? "" : yellow(`stopped before ${aborted} had finished`)),
  };
  return {
    ...silent,
    request: ({ method, path, status: code, latencyMs, cpuMs, bytes, app, host }) =>
      write(`${method.padEnd(6)} ${escapeControls(path)} ${status(code)} ${dim(`${latencyMs.toFixed(1)} ms, cpu ${cpuMs.toFixed(2)} ms, ${bytes} B${app === "" ? `, no app for ${escapeControls(host)}` : ""}`)}\n`),
    kill: ({ reason, used, unit, limit, limitKey, stack }) =>
      write(`${red(reason)} used ${Math.round(used)} ${unit}, ${limitKey} allows ${Math.round(limit)} ${unit}\n${dim(lines(stack))}${stack === "" || stack.endsWith("\n") ? "" : "\n"}`),
    failure: ({ name, message, stack, frame }) => write(`${[red(`${escapeControls(name)}: ${lines(message)}`), dim(lines(stack).trimEnd()), frame].filter((part) => part !== "").join("\n")}\n`),
    console: (_app, _request, level, text) => write(`${(level === "error" ? red : level === "warn" ? yellow : cyan)(level.padEnd(6))} ${lines(text)}\n`),
    appLoaded: (app, { ms, bundleBytes, revision }) => write(`${green(revision === 1 ? "ready" : "reloaded")} ${app} ${dim(`${(bundleBytes / 1024).toFixed(1)} KB in ${ms.toFixed(0)} ms`)}\n`),
    appFailed: (app, { error }) => write(`${red("failed")} ${app}\n${lines(error).trimEnd()}\n`),
    egressDenied: (_app, _request, host) => write(`${yellow("denied")} fetch to ${escapeControls(host)}\n`),
    fault: (id, error) => write(`${red("nano failed")} (${id}) ${lines(error instanceof Error ? (error.stack ?? error.message) : String(error))}\n`),
    event: (name, fields) => {
      const told = events[name]?.(fields) ?? "";
      if (told !== "") write(`${told}\n`);
    },
  };
}
