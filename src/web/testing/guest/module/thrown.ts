/** What a test threw, as text that can leave the isolate: the message, the stack, and the difference between what was expected and what came. */
import { processError } from "@vitest/utils/error";
import type { ThrownError } from "../../ops.ts";

const MOST_CAUSES = 5;
const MOST_CHARACTERS = 64 << 10;

interface ErrorLike {
  readonly name?: unknown;
  readonly message?: unknown;
  readonly stack?: unknown;
  readonly cause?: unknown;
}

export function describeThrown(thrown: unknown): ThrownError {
  try {
    if (typeof thrown !== "object" || thrown === null) return { name: "Error", message: `a value of type ${typeof thrown} was thrown: ${String(thrown)}`, stack: "", diff: "" };
    const { name, message, stack } = thrown as ErrorLike;
    return { name: text(name, "Error"), message: text(message, "") + causesOf(thrown), stack: text(stack, ""), diff: text((processError(thrown) as { readonly diff?: unknown }).diff, "") };
  } catch {
    return { name: "Error", message: "something was thrown that cannot be described", stack: "", diff: "" };
  }
}

function causesOf(error: ErrorLike): string {
  let told = "";
  let { cause } = error;
  for (let i = 0; i < MOST_CAUSES && typeof cause === "object" && cause !== null; i++) {
    const { name, message, cause: next } = cause as ErrorLike;
    told += `\n  caused by ${text(name, "Error")}: ${text(message, "")}`;
    cause = next;
  }
  return told;
}

const text = (value: unknown, otherwise: string): string => (typeof value === "string" ? value.slice(0, MOST_CHARACTERS) : otherwise);
