/** Host side of the console: counts and cuts what an invocation logs, and hands the rest on. */
import type { Invocation, OpContext } from "../../isolate/invocation.ts";
import type { Handlers } from "../../isolate/op.ts";
import type { consoleOps } from "./ops.ts";

/** Takes the log entries of apps. `text` may have several lines, is within the limits and is otherwise as the guest wrote it. `stack`: where from; empty unless that is asked for. */
export type LogSink = (ctx: OpContext, level: string, text: string, stack: string) => void;

const LEVELS = new Set(["debug", "info", "log", "warn", "error"]);
export const LINE_CUT = " … (truncated)";
export const LOG_CUT = "(truncated: the log limit of this request is reached)";
/** Fuel of an entry, and per UTF-16 unit: encoding, queueing, writing. */
const ENTRY_FUEL = 1000;
const FUEL_PER_UNIT = 2;

interface Account {
  bytesLeft: number;
}

export function createConsoleHost(sink: LogSink): Handlers<typeof consoleOps, OpContext> {
  const accounts = new WeakMap<Invocation, Account>();
  const encoder = new TextEncoder();
  let scratch = new Uint8Array(0);

  /** The longest start of `text` that fits in `maxBytes` of UTF-8. */
  const cut = (text: string, maxBytes: number): { text: string; bytes: number } => {
    if (scratch.byteLength < maxBytes) scratch = new Uint8Array(maxBytes);
    const { read, written } = encoder.encodeInto(text, scratch.subarray(0, maxBytes));
    return { text: read === text.length ? text : text.slice(0, read), bytes: written };
  };

  return {
    console_write(ctx, level, text, stack) {
      const { invocation } = ctx;
      ctx.charge(ENTRY_FUEL + text.length * FUEL_PER_UNIT);
      let account = accounts.get(invocation);
      if (account === undefined) {
        account = { bytesLeft: invocation.limits.logBytes };
        accounts.set(invocation, account);
      }
      if (account.bytesLeft <= 0) return;
      const line = cut(text, invocation.limits.logLineBytes);
      const shown = line.text.length < text.length ? line.text + LINE_CUT : text;
      account.bytesLeft -= line.bytes;
      const known = LEVELS.has(level) ? level : "log";
      if (account.bytesLeft >= 0) sink(ctx, known, shown, stack);
      if (account.bytesLeft <= 0) sink(ctx, "warn", LOG_CUT, stack);
    },
  };
}
