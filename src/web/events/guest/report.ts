/** Uncaught exceptions: an `error` event on `globalThis`, and a line in the app's log when nobody handled it. */
import { coreOps } from "../../../isolate/core-ops.ts";
import { describeUncaught, locate } from "../../console/guest/uncaught.ts";
import { hostOps } from "../../infra/guest/host-ops.ts";
import { exposeOperation, requireArguments } from "../../infra/guest/webidl.ts";
import { consoleOps } from "../../console/ops.ts";
import { ErrorEvent, errorEventParts } from "./event-classes.ts";
import { fireEvent, hasListener } from "./event-target.ts";
import { late } from "./late.ts";

const { uncaught } = hostOps(coreOps);
const { console_write } = hostOps(consoleOps);

let reporting = false;

/** https://html.spec.whatwg.org/#report-an-exception */
export function reportException(error: unknown): void {
  if (!reporting && hasListener(globalThis, "error")) {
    const { message, filename, lineno, colno } = locate(error);
    const event = new ErrorEvent("error", { __proto__: null, cancelable: true, message, filename, lineno, colno, error });
    reporting = true;
    try {
      if (!fireEvent(globalThis, event)) return;
    } finally {
      reporting = false;
    }
  }
  logUncaught("Uncaught ", error);
}

/** Nobody has handled it: a line in the app's log, and the end of a script. */
export function logUncaught(how: string, error: unknown): void {
  console_write("error", describeUncaught(how, error), "");
  uncaught();
}
late.reportException = reportException;
late.errorEventParts = errorEventParts;

exposeOperation(
  "reportError",
  function reportError(error: unknown) {
    requireArguments(arguments.length, 1, "reportError");
    reportException(error);
  } as (...args: never[]) => unknown,
  1,
);
