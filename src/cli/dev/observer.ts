/** The log of `nano dev`: for people. One tidy line per request, what the app printed, and errors with where they come from. */
import { type LimitKey, limits } from "../../limits.ts";
import { escapeControls } from "../../observe/log.ts";
import { type ConsoleLevel, type Observer, silent } from "../../observe/observer.ts";
import type { Paint } from "./paint.ts";
import type { Page } from "./page.ts";
import { emphasizedFrame, emphasizedProblems, emphasizedStack } from "../../ingress/dev/failure-text.ts";
import type { ErrorCode } from "../../errors.ts";
import type { FailureDetail } from "../../apps/dispatch.ts";
import { hintOf } from "../../ingress/dev/hint.ts";
import { amount } from "./panels.ts";
import { requestLine } from "./request-line.ts";

export interface DevObserverOptions {
  readonly page: Page;
  readonly paint: Paint;
  /** Of the terminal; null where there is none. */
  readonly columns: () => number | null;
  /** Of the apps that are served; one needs no name in every line. */
  readonly names: () => readonly string[];
}

const LABEL_WIDTH = 9;

/** What clients are told of an end that is no exception. */
const CODES: Readonly<Record<string, ErrorCode>> = { exceededCpu: "cpu_limit", exceededMemory: "memory_limit", exceededWallTime: "wall_limit", BadResponse: "bad_response" };

export function createDevObserver({ page, paint, columns, names }: DevObserverOptions): Observer {
  const { red, green, yellow, cyan, dim } = paint;
  /** What each app was warned of last. */
  const warned = new Map<string, string>();
  const nameWidth = () => {
    const served = names();
    return served.length > 1 ? Math.max(...served.map((name) => name.length)) : 0;
  };
  const named = (app: string) => (nameWidth() > 0 && app !== "" ? ` ${dim(app)}` : "");
  const lines = (text: string) => text.split("\n").map(escapeControls).join("\n");
  const label = (color: (text: string) => string, text: string) => color(text.padEnd(LABEL_WIDTH));
  const colorOf = (level: ConsoleLevel) => (level === "error" ? red : level === "warn" ? yellow : level === "debug" ? dim : cyan);
  const way = (name: string, detail: FailureDetail) => yellow(hintOf(CODES[name] ?? "app_exception", detail).replace(/^(?=.)/gm, "  hint: "));
  const events: Readonly<Record<string, (fields: Readonly<Record<string, unknown>>) => string>> = {
    listening: ({ url, apps, network }) => [`${label(green, "listening")} ${url} ${dim(String(apps))}`, ...String(network ?? "").split(" ").filter(Boolean).map((one) => `${label(dim, "network")} ${one}`)].join("\n"),
    app_at: ({ app, url }) => `${label(green, "app")} ${url} ${dim(String(app))}`,
    config_changed: ({ added, removed, changed, needs_restart: restart }) =>
      [["added", added], ["removed", removed], ["changed", changed], ["needs a restart of nano dev", restart]].flatMap(([what, names]) => (names === undefined ? [] : [`${label(green, "config")} ${what}: ${lines(String(names))}`])).join("\n"),
    reload_failed: ({ error }) => `${label(red, "config")} is not used as it is now; what was served goes on\n${lines(String(error))}`,
    port_in_use: ({ port, next }) => `${label(yellow, "taken")} port ${port} is in use, trying ${next}`,
    config_warning: ({ warning }) => `${label(yellow, "warning")} ${lines(String(warning))}`,
    certificate_made: ({ file, days }) => `${label(green, "https")} made a certificate for localhost in ${file}, good for ${days} days`,
    near_limit: ({ app, key, used, allowed, by }) => {
      const limit = key as LimitKey;
      const share = Math.round((Number(used) / Number(allowed)) * 100);
      return `${label(yellow, "near")} ${escapeControls(String(by))} used ${amount(limit, Number(used))} of ${amount(limit, Number(allowed))} (${share} %): ${limits[limit].help}. Past it: ${limits[limit].past}. ${dim(`limits.${limit} of the app raises it`)}${named(String(app))}`;
    },
    watch_limited: ({ folder, code }) => `${label(yellow, "warning")} ${folder} cannot be watched (${code}): changes there are seen 2 s late. ${dim("sysctl fs.inotify.max_user_watches allows more")}`,
    quarantined: ({ app, for_ms: forMs }) => `${label(red, "resting")} ${app} was ended too often, and is not asked for ${Math.round(Number(forMs) / 1000)} s; a save or r asks it again`,
    stopping: ({ in_flight: inFlight }) => (inFlight === 0 ? "" : dim(`stopping: waits for ${inFlight} requests; once more to stop now`)),
    stopped: ({ aborted_apps: aborted }) => (aborted === "" ? "" : yellow(`stopped before ${aborted} had finished`)),
  };
  return {
    ...silent,
    request: (record) => page.tell(requestLine(record, { paint, columns: columns(), nameWidth: nameWidth() }), `request ${record.method} ${record.path} ${record.status} ${record.app}`),
    kill: ({ app, reason, used, unit, limit, limitKey, stack, frame }) =>
      page.tell(`${red(reason)} used ${Math.round(used)} ${unit}, ${limitKey} allows ${Math.round(limit)} ${unit}${named(app)}${[emphasizedStack(stack, paint), emphasizedFrame(frame, paint), way(reason, { name: "", message: "", stack, frame, limit: { key: limitKey, used, allowed: limit, unit: unit === "bytes" ? "bytes" : "ms" } })].filter((part) => part !== "").map((part) => `\n${part}`).join("")}`, `kill ${app} ${reason} ${stack}`),
    failure: ({ app, name, message, stack, frame }) => page.tell([`${red(`${escapeControls(name)}: ${lines(message)}`)}${named(app)}`, emphasizedStack(withoutTitle(stack, name, message), paint), emphasizedFrame(frame, paint), way(name, { name, message, stack, frame })].filter((part) => part !== "").join("\n")),
    console: (app, _request, level, text, place) => page.tell(`${label(colorOf(level), level)} ${beside(lines(text), `${place === "" ? "" : `  ${dim(escapeControls(place))}`}${named(app)}`)}`),
    appLoaded(app, { ms, bundleBytes, revision, warnings }) {
      page.show(`${label(green, revision === 1 ? "ready" : "reloaded")} ${app} ${dim(`${(bundleBytes / 1024).toFixed(1)} KB in ${ms.toFixed(0)} ms`)}\n`);
      // Told once, not at every save.
      const told = warnings.map((warning) => `${label(yellow, "warning")} ${lines(warning)}${named(app)}\n`).join("");
      if (told !== (warned.get(app) ?? "")) page.show(told);
      warned.set(app, told);
    },
    appFailed: (app, { error }) => page.show(`${label(red, "failed")} ${app}\n${emphasizedProblems(error.trimEnd(), paint)}\n`),
    egressDenied: (app, _request, host) => page.tell(`${label(yellow, "denied")} fetch to ${escapeControls(host)}${named(app)}`),
    fault: (id, error) => page.show(`${red("nano failed")} (${id}) ${lines(error instanceof Error ? (error.stack ?? error.message) : String(error))}\n`),
    event: (name, fields) => {
      const told = events[name]?.(fields) ?? "";
      if (told !== "") page.show(`${told}\n`);
    },
  };
}

/** The app says name and message itself where it made the stack. */
function withoutTitle(stack: string, name: string, message: string): string {
  const title = `${name}: ${message}\n`;
  return stack.startsWith(title) ? stack.slice(title.length) : stack;
}

/** `aside` behind the first line of `text`. */
function beside(text: string, aside: string): string {
  const end = text.indexOf("\n");
  return end < 0 ? text + aside : text.slice(0, end) + aside + text.slice(end);
}
