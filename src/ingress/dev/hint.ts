/** What somebody can do about a failure that `nano dev` shows. */
import type { FailureDetail } from "../../apps/dispatch.ts";
import type { ErrorCode } from "../../errors.ts";
import { type LimitKey, limits } from "../../limits.ts";

const HINTS: Partial<Record<ErrorCode, string>> = {
  cpu_limit: "Is there a loop that does not end, or work that belongs elsewhere?",
  memory_limit: "Does something grow without bound, or is a large body read whole where it could be streamed?",
  wall_limit: "The app waits for something that does not come: a promise that nobody settles, an upstream that does not answer. fetch(url, { signal: AbortSignal.timeout(ms) }) ends such a wait.",
  bad_response: "fetch() of an app has to return a Response, or a promise of one: return new Response(\"text\").",
  isolate_lost: "Another request of the app broke a limit in the isolate that this one ran in. The error of that request says which.",
  quarantined: "A save of the app, or r in the terminal, asks it again at once.",
  overloaded: "More requests ran at once than limits.concurrency and limits.queue allow.",
  loop_detected: "fetch() of the app calls the app itself.",
  internal_error: "This is a defect of nano's. The terminal has the reason.",
};

/** Of a message of the app's own error. */
const ABOUT_MESSAGES: readonly (readonly [RegExp, string])[] = [
  [/^'(?:require|module|exports|__dirname|__filename)' is not defined$/, "Apps are ES modules: use import and export."],
  [/^'(?:window|document|localStorage|XMLHttpRequest)' is not defined$/, "That is of browsers. Apps run on the server: see docs/conformance.md for what is there."],
  [/^'(?:Bun|Deno)' is not defined$/, "That is of another runtime. Apps have the standard web APIs, and some modules of Node: docs/node-modules.md."],
  [/^stack overflow$/, "A function calls itself without end, or deeper than the engine's stack of 192 KB holds."],
];

export function hintOf(code: ErrorCode, detail: FailureDetail | undefined): string {
  const about = detail === undefined ? undefined : ABOUT_MESSAGES.find(([message]) => message.test(detail.message))?.[1];
  const raise = detail?.limit === undefined ? "" : raiseOf(detail.limit.key);
  return [about ?? HINTS[code] ?? "", raise].filter((part) => part !== "").join("\n");
}

function raiseOf(key: string): string {
  if (!Object.hasOwn(limits, key)) return "";
  const { most, unit, help } = limits[key as LimitKey];
  return `limits.${key} of the app is the ${help}: it can be up to ${most.toLocaleString("en-US")}${unit === "ms" ? " ms" : unit === "mb" ? " MB" : ""}.`;
}
