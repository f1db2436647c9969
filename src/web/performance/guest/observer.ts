/** PerformanceObserver (https://w3c.github.io/performance-timeline/#the-performanceobserver-interface). */
import { late } from "../../events/guest/late.ts";
import { DOMException } from "../../infra/guest/dom-exception.ts";
import { arrayIncludes, arrayIndexOf, arrayPush, arrayRemove, arraySlice, objectFreeze, reflectApply, SafeTypeError } from "../../infra/guest/primordials.ts";
import { constructionKey, defineInterface, requireArguments, requireConstructionKey } from "../../infra/guest/webidl.ts";
import { toCallback, toDictionary, toDOMString, toSequence } from "../../infra/guest/webidl-convert.ts";
import { startTimer } from "../../timers/guest.ts";
import { droppedOf, entriesOf, selectInto, sortedByStart } from "./buffers.ts";
import { ENTRY_TYPES, type EntryType, type PerformanceEntry, timing } from "./entries.ts";

type Callback = (entries: PerformanceObserverEntryList, observer: PerformanceObserver, options: object) => void;

export class PerformanceObserverEntryList {
  #entries: readonly PerformanceEntry[];
  constructor(key?: symbol, entries?: readonly PerformanceEntry[]) {
    requireConstructionKey(key);
    this.#entries = entries as readonly PerformanceEntry[];
  }
  getEntries(): PerformanceEntry[] {
    return arraySlice(this.#entries);
  }
  getEntriesByType(type: unknown): PerformanceEntry[] {
    const entries = this.#entries;
    requireArguments(arguments.length, 1, "PerformanceObserverEntryList.getEntriesByType");
    return select(entries, undefined, toDOMString(type));
  }
  getEntriesByName(name: unknown, type?: unknown): PerformanceEntry[] {
    const entries = this.#entries;
    requireArguments(arguments.length, 1, "PerformanceObserverEntryList.getEntriesByName");
    return select(entries, toDOMString(name), type === undefined ? undefined : toDOMString(type));
  }
}
defineInterface(PerformanceObserverEntryList, "PerformanceObserverEntryList", { lengths: { getEntriesByName: 1 } });

function select(entries: readonly PerformanceEntry[], name: string | undefined, type: string | undefined): PerformanceEntry[] {
  const found: PerformanceEntry[] = [];
  selectInto(found, entries, name, type);
  return found;
}

/** One observer. Kept here only while it observes something. */
interface Observation {
  readonly observer: PerformanceObserver;
  readonly callback: Callback;
  mode: "types" | "type" | null;
  types: EntryType[];
  waiting: PerformanceEntry[];
  /** The callback is told, at its first call, how many entries it has missed. */
  tellsDropped: boolean;
}

const observations: Observation[] = [];
let isScheduled = false;

const isSupported = (type: string): type is EntryType => arrayIncludes(ENTRY_TYPES as readonly string[], type);

export class PerformanceObserver {
  #observation: Observation;
  constructor(callback: unknown) {
    requireArguments(arguments.length, 1, "PerformanceObserver");
    this.#observation = { observer: this, callback: toCallback<Callback>(callback, "PerformanceObserver"), mode: null, types: [], waiting: [], tellsDropped: false };
  }

  observe(options?: unknown): void {
    const observation = this.#observation;
    const where = "PerformanceObserver.observe";
    const dictionary = toDictionary(options, where);
    const buffered = dictionary?.["buffered"];
    const list = dictionary?.["entryTypes"];
    const single = dictionary?.["type"];
    const types = list === undefined ? undefined : toSequence(list, toDOMString, where);
    const type = single === undefined ? undefined : toDOMString(single, where);
    if (types === undefined && type === undefined) throw new SafeTypeError(where + ": the options have neither entryTypes nor type");
    if (types !== undefined && (type !== undefined || buffered !== undefined)) throw new SafeTypeError(where + ": entryTypes goes with no other option");
    const mode = types === undefined ? "type" : "types";
    if (observation.mode !== null && observation.mode !== mode) throw new DOMException(where + ": an observer uses either entryTypes or type", "InvalidModificationError");
    observation.mode = mode;
    observation.tellsDropped = true;
    const asked = types ?? [type as string];
    const supported: EntryType[] = [];
    for (let i = 0; i < asked.length; i++) if (isSupported(asked[i] as string) && !arrayIncludes(supported, asked[i] as EntryType)) arrayPush(supported, asked[i] as EntryType);
    if (supported.length === 0) return;
    if (mode === "types") observation.types = supported;
    else if (!arrayIncludes(observation.types, supported[0] as EntryType)) arrayPush(observation.types, supported[0] as EntryType);
    if (arrayIndexOf(observations, observation) < 0) arrayPush(observations, observation);
    if (mode === "type" && buffered) {
      const entries = entriesOf(undefined, type);
      for (let i = 0; i < entries.length; i++) arrayPush(observation.waiting, entries[i] as PerformanceEntry);
      if (entries.length > 0) schedule();
    }
  }

  disconnect(): void {
    const observation = this.#observation;
    const at = arrayIndexOf(observations, observation);
    if (at >= 0) arrayRemove(observations, at);
    observation.waiting = [];
    observation.types = [];
    observation.mode = null;
  }

  takeRecords(): PerformanceEntry[] {
    const observation = this.#observation;
    const { waiting } = observation;
    observation.waiting = [];
    return sortedByStart(waiting);
  }

  static get supportedEntryTypes(): readonly string[] {
    return SUPPORTED;
  }
}
defineInterface(PerformanceObserver, "PerformanceObserver", { length: 1, lengths: { observe: 0 } });
const SUPPORTED: readonly string[] = objectFreeze(arraySlice(ENTRY_TYPES));

/** https://w3c.github.io/performance-timeline/#queue-a-performanceentry */
export function announce(entry: PerformanceEntry): void {
  let isHeard = false;
  for (let i = 0; i < observations.length; i++) {
    const { types, waiting } = observations[i] as Observation;
    if (!arrayIncludes(types, timing(entry).entryType)) continue;
    arrayPush(waiting, entry);
    isHeard = true;
  }
  if (isHeard) schedule();
}

/** https://w3c.github.io/performance-timeline/#queue-the-performanceobserver-task. While an app is loaded there are no tasks: its first entry after that brings the others. */
function schedule(): void {
  if (isScheduled) return;
  try {
    startTimer(tell, 0);
    isScheduled = true;
  } catch {
    isScheduled = false;
  }
}

function tell(): void {
  isScheduled = false;
  const told = arraySlice(observations);
  for (let i = 0; i < told.length; i++) {
    const observation = told[i] as Observation;
    const { callback, observer, types, waiting } = observation;
    if (waiting.length === 0) continue;
    observation.waiting = [];
    const options: { droppedEntriesCount?: number } = {};
    if (observation.tellsDropped) {
      let dropped = 0;
      for (let j = 0; j < types.length; j++) dropped += droppedOf(types[j] as EntryType);
      options.droppedEntriesCount = dropped;
      observation.tellsDropped = false;
    }
    try {
      reflectApply(callback, observer, [new PerformanceObserverEntryList(constructionKey, sortedByStart(waiting)), observer, options]);
    } catch (error) {
      late.reportException(error);
    }
  }
}
