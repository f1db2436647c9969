/** PerformanceEntry, PerformanceMark and PerformanceMeasure (https://w3c.github.io/user-timing/). */
import { SafeTypeError } from "../../infra/guest/primordials.ts";
import { constructionKey, defineInterface, requireArguments, requireConstructionKey } from "../../infra/guest/webidl.ts";
import { toDictionary, toDOMString, toDouble } from "../../infra/guest/webidl-convert.ts";
import { structuredCloneOf } from "../../structured-clone/guest/door.ts";
import { monotonicNow } from "./clock.ts";

export type EntryType = "mark" | "measure";
export const ENTRY_TYPES: readonly EntryType[] = ["mark", "measure"];

interface Timing {
  readonly name: string;
  readonly entryType: EntryType;
  readonly startTime: number;
  readonly duration: number;
}

let timingOf!: (entry: PerformanceEntry) => Timing;

export class PerformanceEntry {
  #timing: Timing;
  constructor(key?: symbol, timing?: Timing) {
    requireConstructionKey(key);
    this.#timing = timing as Timing;
  }
  get name(): string {
    return this.#timing.name;
  }
  get entryType(): EntryType {
    return this.#timing.entryType;
  }
  get startTime(): number {
    return this.#timing.startTime;
  }
  get duration(): number {
    return this.#timing.duration;
  }
  toJSON(): Timing {
    const { name, entryType, startTime, duration } = this.#timing;
    return { name, entryType, startTime, duration };
  }
  static {
    timingOf = (entry) => entry.#timing;
  }
}
defineInterface(PerformanceEntry, "PerformanceEntry", { inspected: ["name", "entryType", "startTime", "duration"] });
export const timing = (entry: PerformanceEntry): Timing => timingOf(entry);

const NO_TRANSFER: readonly unknown[] = [];
const cloneOf = (detail: unknown): unknown => (detail === undefined || detail === null ? null : structuredCloneOf(detail, NO_TRANSFER));

function toTime(value: unknown, where: string): number {
  const time = toDouble(value, where);
  if (time < 0) throw new SafeTypeError(where + ": a negative time");
  return time;
}

/** https://w3c.github.io/user-timing/#the-performancemark-constructor */
function markTiming(name: unknown, options: unknown, where: string): { timing: Timing; detail: unknown } {
  const text = toDOMString(name, where);
  const dictionary = toDictionary(options, where);
  const detail = dictionary?.["detail"];
  const start = dictionary?.["startTime"];
  const startTime = start === undefined ? monotonicNow() : toTime(start, where);
  return { timing: { name: text, entryType: "mark", startTime, duration: 0 }, detail: cloneOf(detail) };
}

export class PerformanceMark extends PerformanceEntry {
  #detail: unknown;
  constructor(markName: unknown, markOptions?: unknown) {
    requireArguments(arguments.length, 1, "PerformanceMark");
    const { timing, detail } = markTiming(markName, markOptions, "PerformanceMark");
    super(constructionKey, timing);
    this.#detail = detail;
  }
  get detail(): unknown {
    return this.#detail;
  }
}
defineInterface(PerformanceMark, "PerformanceMark", { length: 1, inspected: ["name", "entryType", "startTime", "duration", "detail"] });

export class PerformanceMeasure extends PerformanceEntry {
  #detail: unknown;
  constructor(key?: symbol, timing?: Timing, detail?: unknown) {
    super(key, timing);
    this.#detail = detail;
  }
  get detail(): unknown {
    return this.#detail;
  }
}
defineInterface(PerformanceMeasure, "PerformanceMeasure", { inspected: ["name", "entryType", "startTime", "duration", "detail"] });

export const newMeasure = (name: string, startTime: number, endTime: number, detail: unknown): PerformanceMeasure =>
  new PerformanceMeasure(constructionKey, { name, entryType: "measure", startTime, duration: endTime - startTime }, cloneOf(detail));
export { toTime };
