/** node:timers/promises (https://nodejs.org/api/timers.html#timers-promises-api). */
import { AbortError } from "../../support/errors.ts";
import { type Signal, web } from "../../support/globals.ts";

interface WaitOptions {
  readonly signal?: Signal;
  readonly ref?: boolean;
}

export function setTimeout<T>(ms?: number, value?: T, { signal }: WaitOptions = {}): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(new AbortError(signal.reason));
      return;
    }
    const stop = (): void => {
      web.clearTimeout(handle);
      reject(new AbortError(signal?.reason));
    };
    const handle = web.setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve(value);
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
export const setImmediate = <T>(value?: T, options?: WaitOptions): Promise<T | undefined> => setTimeout(0, value, options);

/** Ticks that nobody has asked for yet are handed out one after the other, none is lost. */
export async function* setInterval<T>(ms?: number, value?: T, { signal }: WaitOptions = {}): AsyncGenerator<T | undefined> {
  if (signal?.aborted) throw new AbortError(signal.reason);
  let due = 0;
  let wake: (() => void) | null = null;
  const call = (): void => wake?.();
  const handle = web.setInterval(() => {
    due++;
    call();
  }, ms);
  signal?.addEventListener("abort", call, { once: true });
  try {
    for (;;) {
      if (due === 0 && !signal?.aborted)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      if (signal?.aborted) throw new AbortError(signal.reason);
      for (; due > 0; due--) yield value;
    }
  } finally {
    web.clearTimeout(handle);
    signal?.removeEventListener("abort", call);
  }
}
export const scheduler = { wait: (ms: number, options?: WaitOptions): Promise<void> => setTimeout(ms, undefined, options), yield: (): Promise<void> => setImmediate() };
export default { setTimeout, setImmediate, setInterval, scheduler };
