/** Errors that nobody caught: as a line for the log, and as the parts of an ErrorEvent. */
import { exceptionMessage, exceptionName, isDOMException } from "../../infra/guest/dom-exception.ts";
import { framesOf } from "../../infra/guest/error-stack.ts";
import { regExpExec, safeParseInt } from "../../infra/guest/primordials.ts";
import { inspect } from "./inspect.ts";
import { formatStack } from "./text.ts";

/** `how` is "Uncaught " or what else there is to say before the error. */
export const describeUncaught = (how: string, error: unknown): string => how + inspect(error);

/** A frame of QuickJS: `    at name (file:line:column)`. */
const FRAME = /\(([^()\n]*):(\d+):(\d+)\)/;

export function locate(error: unknown): { message: string; filename: string; lineno: number; colno: number } {
  const isReference = typeof error === "object" && error !== null;
  const frame = isReference ? regExpExec(FRAME, formatStack(framesOf(error))) : null;
  return {
    message: "Uncaught " + messageOf(error, isReference),
    filename: frame?.[1] ?? "",
    lineno: frame === null ? 0 : safeParseInt(frame[2] as string, 10),
    colno: frame === null ? 0 : safeParseInt(frame[3] as string, 10),
  };
}

function messageOf(error: unknown, isReference: boolean): string {
  if (!isReference) return inspect(error);
  if (isDOMException(error)) return exceptionName(error) + ": " + exceptionMessage(error);
  const { 0: head } = (regExpExec(/^[^\n]*/, inspect(error, 0)) ?? [""]) as { 0: string };
  return head;
}
