/** Performance (https://w3c.github.io/hr-time/#the-performance-interface). */
import { EventTarget } from "../events/guest/event-target.ts";
import { lazyRoom } from "../infra/guest/rooms.ts";
import { constructionKey, defineInterface, exposeAttribute, requireArguments, requireConstructionKey } from "../infra/guest/webidl.ts";
import { toDOMString } from "../infra/guest/webidl-convert.ts";
import { monotonicNow, timeOrigin } from "./guest/clock.ts";
import type { PerformanceEntry, PerformanceMark, PerformanceMeasure } from "./guest/entries.ts";

/** Marks, measures and their observers; none exist before it is loaded. */
const timeline = lazyRoom<typeof import("./guest/lazy.ts")>("performance");
const optional = (value: unknown): string | undefined => (value === undefined ? undefined : toDOMString(value));

export class Performance extends EventTarget {
  #brand = true;
  constructor(key?: symbol) {
    requireConstructionKey(key);
    super();
  }
  now(): number {
    this.#brand;
    return monotonicNow();
  }
  get timeOrigin(): number {
    this.#brand;
    return timeOrigin();
  }
  mark(markName: unknown, markOptions?: unknown): PerformanceMark {
    this.#brand;
    requireArguments(arguments.length, 1, "Performance.mark");
    return timeline.use().mark(markName, markOptions);
  }
  measure(measureName: unknown, startOrMeasureOptions?: unknown, endMark?: unknown): PerformanceMeasure {
    this.#brand;
    requireArguments(arguments.length, 1, "Performance.measure");
    return timeline.use().measure(measureName, startOrMeasureOptions, endMark);
  }
  clearMarks(markName?: unknown): void {
    this.#brand;
    timeline.loaded?.clear("mark", optional(markName));
  }
  clearMeasures(measureName?: unknown): void {
    this.#brand;
    timeline.loaded?.clear("measure", optional(measureName));
  }
  getEntries(): PerformanceEntry[] {
    this.#brand;
    return timeline.loaded?.entriesOf(undefined, undefined) ?? [];
  }
  getEntriesByType(type: unknown): PerformanceEntry[] {
    this.#brand;
    requireArguments(arguments.length, 1, "Performance.getEntriesByType");
    const name = toDOMString(type);
    return timeline.loaded?.entriesOf(undefined, name) ?? [];
  }
  getEntriesByName(name: unknown, type?: unknown): PerformanceEntry[] {
    this.#brand;
    requireArguments(arguments.length, 1, "Performance.getEntriesByName");
    const text = toDOMString(name);
    const kind = optional(type);
    return timeline.loaded?.entriesOf(text, kind) ?? [];
  }
  toJSON(): { timeOrigin: number } {
    this.#brand;
    return { timeOrigin: timeOrigin() };
  }
}
defineInterface(Performance, "Performance", { lengths: { mark: 1, measure: 1, clearMarks: 0, clearMeasures: 0, getEntriesByName: 1 } });

const performance = new Performance(constructionKey);
exposeAttribute("performance", () => performance);
