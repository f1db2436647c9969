/** What has been kept of marks and measures (https://w3c.github.io/performance-timeline/#performance-entry-buffer-map). */
import { arrayPush, arraySort } from "../../infra/guest/primordials.ts";
import { ENTRY_TYPES, type EntryType, type PerformanceEntry, timing } from "./entries.ts";

/** An isolate lives long: an entry beyond as many of its type is not kept, and counted. */
const MOST_ENTRIES = 10_000;

const buffers: Record<EntryType, { entries: PerformanceEntry[]; dropped: number }> = { mark: { entries: [], dropped: 0 }, measure: { entries: [], dropped: 0 } };

export function keep(entry: PerformanceEntry): void {
  const buffer = buffers[timing(entry).entryType];
  if (buffer.entries.length < MOST_ENTRIES) arrayPush(buffer.entries, entry);
  else buffer.dropped++;
}

/** The start of the last mark of that name. */
export function startOfMark(name: string): number | undefined {
  const { entries } = buffers.mark;
  for (let i = entries.length - 1; i >= 0; i--) {
    const known = timing(entries[i] as PerformanceEntry);
    if (known.name === name) return known.startTime;
  }
  return undefined;
}

export const droppedOf = (type: EntryType): number => buffers[type].dropped;

/** Without a name all of them. */
export function clear(type: EntryType, name: string | undefined): void {
  const buffer = buffers[type];
  const kept: PerformanceEntry[] = [];
  if (name !== undefined) for (let i = 0; i < buffer.entries.length; i++) if (timing(buffer.entries[i] as PerformanceEntry).name !== name) arrayPush(kept, buffer.entries[i] as PerformanceEntry);
  buffer.entries = kept;
}

/** https://w3c.github.io/performance-timeline/#filter-buffer-map-by-name-and-type */
export function entriesOf(name: string | undefined, type: string | undefined): PerformanceEntry[] {
  const found: PerformanceEntry[] = [];
  for (let i = 0; i < ENTRY_TYPES.length; i++) {
    const kind = ENTRY_TYPES[i] as EntryType;
    if (type === undefined || type === kind) selectInto(found, buffers[kind].entries, name, type);
  }
  return sortedByStart(found);
}

export function selectInto(found: PerformanceEntry[], entries: readonly PerformanceEntry[], name: string | undefined, type: string | undefined): void {
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i] as PerformanceEntry;
    const known = timing(entry);
    if ((name === undefined || known.name === name) && (type === undefined || known.entryType === type)) arrayPush(found, entry);
  }
}

export const sortedByStart = (entries: PerformanceEntry[]): PerformanceEntry[] => arraySort(entries, (a, b) => timing(a).startTime - timing(b).startTime);
