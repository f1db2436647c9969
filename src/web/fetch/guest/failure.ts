/** What an app threw, as text: whatever it is, and whatever its members do when they are read. */
import { regExpExec, stringSlice } from "../../infra/guest/primordials.ts";
import { withoutHead } from "../../infra/guest/error-stack.ts";
import { inspect } from "../../console/guest/inspect.ts";

export interface FailureText {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}

const MAX_TEXT = 8_000;

export function describeFailure(error: unknown): FailureText {
  if (typeof error !== "object" || error === null) return { name: "Error", message: cut(attempt(() => inspect(error), "a value that cannot be shown")), stack: "" };
  const read = (key: "name" | "message" | "stack") => attempt(() => (error as Record<string, unknown>)[key], undefined);
  const name = read("name");
  const message = read("message");
  const label = typeof name === "string" ? name : "Error";
  const shown = read("stack");
  const stack = typeof shown === "string" && typeof message === "string" ? withoutHead(shown, message === "" ? label : label + ": " + message) : shown;
  if (typeof message !== "string") return { name: "Error", message: cut(attempt(() => inspect(error), "an object that cannot be shown")), stack: cut(typeof stack === "string" ? stack : "") };
  return { name: typeof name === "string" && regExpExec(/^[\w$. ]{1,100}$/, name) !== null ? name : "Error", message: cut(message), stack: cut(typeof stack === "string" ? stack : "") };
}

const cut = (text: string): string => (text.length > MAX_TEXT ? stringSlice(text, 0, MAX_TEXT) + "…" : text);

function attempt<T>(work: () => T, otherwise: T): T {
  try {
    return work();
  } catch {
    return otherwise;
  }
}
