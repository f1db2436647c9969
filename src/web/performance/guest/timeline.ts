/** What `performance` does with marks and measures (https://w3c.github.io/user-timing/#extensions-performance-interface). */
import { DOMException } from "../../infra/guest/dom-exception.ts";
import { SafeTypeError } from "../../infra/guest/primordials.ts";
import { isObject, toDictionary, toDOMString } from "../../infra/guest/webidl-convert.ts";
import { monotonicNow } from "./clock.ts";
import { keep, startOfMark } from "./buffers.ts";
import { newMeasure, type PerformanceEntry, PerformanceMark, type PerformanceMeasure, toTime } from "./entries.ts";
import { announce } from "./observer.ts";

function add<T extends PerformanceEntry>(entry: T): T {
  keep(entry);
  announce(entry);
  return entry;
}

export function mark(name: unknown, options: unknown): PerformanceMark {
  return add(new PerformanceMark(name, options));
}

/** https://w3c.github.io/user-timing/#convert-a-mark-to-a-timestamp */
function timeOf(given: unknown, where: string): number {
  if (typeof given === "number") return toTime(given, where);
  const name = toDOMString(given, where);
  const start = startOfMark(name);
  if (start !== undefined) return start;
  throw new DOMException(where + ": there is no mark '" + name + "'", "SyntaxError");
}

/** https://w3c.github.io/user-timing/#measure-method */
export function measure(measureName: unknown, startOrOptions: unknown, endMark: unknown): PerformanceMeasure {
  const where = "Performance.measure";
  const name = toDOMString(measureName, where);
  const options = startOrOptions === undefined || startOrOptions === null || isObject(startOrOptions) ? toDictionary(startOrOptions, where) : undefined;
  const startMark = options === undefined && startOrOptions !== undefined && startOrOptions !== null ? toDOMString(startOrOptions, where) : undefined;
  const endName = endMark === undefined ? undefined : toDOMString(endMark, where);
  const detail = options?.["detail"];
  const duration = options?.["duration"];
  const end = options?.["end"];
  const start = options?.["start"];
  if (detail !== undefined || duration !== undefined || end !== undefined || start !== undefined) {
    if (endName !== undefined) throw new SafeTypeError(where + ": an end mark beside options");
    if (start === undefined && end === undefined) throw new SafeTypeError(where + ": the options have neither start nor end");
    if (start !== undefined && end !== undefined && duration !== undefined) throw new SafeTypeError(where + ": the options have start, end and duration");
  }
  const endTime =
    endName !== undefined
      ? timeOf(endName, where)
      : end !== undefined
        ? timeOf(end, where)
        : start !== undefined && duration !== undefined
          ? timeOf(start, where) + toTime(duration, where)
          : monotonicNow();
  const startTime =
    start !== undefined ? timeOf(start, where) : duration !== undefined && end !== undefined ? endTime - toTime(duration, where) : startMark !== undefined ? timeOf(startMark, where) : 0;
  return add(newMeasure(name, startTime, endTime, detail));
}
