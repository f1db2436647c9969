/** The clock of the test file and of all its apps: real until it is stopped. */
import { ops } from "./door.ts";

type Time = Date | number | string;

const RealDate = Date;
const timeOf = (time: Time): number => {
  const ms = typeof time === "number" ? time : new RealDate(time).getTime();
  if (!Number.isFinite(ms)) throw new TypeError("clock: this is no time");
  return ms;
};

export const clock = {
  /** Time stands still, at `time` or now. What is waited for from here on waits for `advance`. */
  stop(time?: Time): void {
    ops.clock_stop(time === undefined ? RealDate.now() : timeOf(time));
  },
  /** Moves a stopped clock on by so many milliseconds. Every timer that comes due on the way runs, in order, in the test and in its apps. */
  async advance(ms: number): Promise<void> {
    if (!(ms >= 0) || !Number.isFinite(ms)) throw new TypeError("clock.advance takes milliseconds");
    await ops.clock_advance(ms);
  },
  /** Real time again. Timers that waited on the stopped clock go on with what was left for them. */
  start(): void {
    ops.clock_stop(null);
  },
  /** Timers that wait on the stopped clock. */
  get pending(): number {
    return ops.clock_pending();
  },
};
