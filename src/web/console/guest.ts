/** The console namespace (https://console.spec.whatwg.org). Formats here; what is kept of it the host decides. */
import { engineFramesOfHere, framesOfHere } from "../infra/guest/error-stack.ts";
import { onEvent } from "../infra/guest/events.ts";
import { hostOps } from "../infra/guest/host-ops.ts";
import {
  mapDelete,
  mapGet,
  mapHas,
  mapSet,
  numberToFixed,
  numberToString,
  objectCreate,
  objectDefineProperty,
  ownKeys,
  SafeMap,
  stringReplaceAll,
  stringSlice,
  symbolToStringTag,
} from "../infra/guest/primordials.ts";
import { expose } from "../infra/guest/webidl.ts";
import { toDOMString } from "../infra/guest/webidl-convert.ts";
import { monotonicNow } from "../performance/guest/clock.ts";
import { formatArguments } from "./guest/format.ts";
import { inspect } from "./guest/inspect.ts";
import { formatTable } from "./guest/table.ts";
import { formatStack } from "./guest/text.ts";
import { consoleOps, MAX_LOG_TEXT, MAX_STACK_TEXT } from "./ops.ts";

const { console_write } = hostOps(consoleOps);

const GROUP_INDENT = "  ";
const MAX_GROUPS = 32;

/** Only where somebody reads along: a stack for every entry is dear. */
let saysWhere = false;

onEvent("console_places", (_invocation, isOn) => {
  saysWhere = isOn === 1;
});

const counts = new SafeMap<string, number>();
const timers = new SafeMap<string, number>();
let indent = "";

function write(level: string, text: string): void {
  const whole = indent === "" ? text : indent + stringReplaceAll(text, "\n", "\n" + indent);
  console_write(level, whole.length > MAX_LOG_TEXT ? stringSlice(whole, 0, MAX_LOG_TEXT) : whole, saysWhere ? stringSlice(formatStack(engineFramesOfHere()), 0, MAX_STACK_TEXT) : "");
}

const label = (value: unknown): string => (value === undefined ? "default" : toDOMString(value, "console: label"));
const elapsed = (since: number): string => {
  const ms = monotonicNow() - since;
  return ms >= 1000 ? numberToFixed(ms / 1000, 3) + "s" : numberToFixed(ms, 1) + "ms";
};

function group(data: unknown[]): void {
  if (data.length > 0) write("log", formatArguments(data));
  if (indent.length < MAX_GROUPS * GROUP_INDENT.length) indent += GROUP_INDENT;
}

function timeLog(name: string, data: readonly unknown[]): boolean {
  const since = mapGet(timers, name);
  if (since === undefined) {
    write("warn", "Timer '" + name + "' does not exist");
    return false;
  }
  const text = name + ": " + elapsed(since);
  write("log", data.length === 0 ? text : text + " " + formatArguments(data));
  return true;
}

const methods = {
  assert(condition?: unknown, ...data: unknown[]) {
    if (condition) return;
    const first = data[0];
    if (data.length === 0) write("error", "Assertion failed");
    else if (typeof first === "string") {
      data[0] = "Assertion failed: " + first;
      write("error", formatArguments(data));
    } else write("error", "Assertion failed " + formatArguments(data));
  },
  clear() {
    indent = "";
  },
  debug(...data: unknown[]) {
    write("debug", formatArguments(data));
  },
  error(...data: unknown[]) {
    write("error", formatArguments(data));
  },
  info(...data: unknown[]) {
    write("info", formatArguments(data));
  },
  log(...data: unknown[]) {
    write("log", formatArguments(data));
  },
  table(data?: unknown, properties?: unknown) {
    write("log", formatTable(data, properties) ?? formatArguments([data]));
  },
  trace(...data: unknown[]) {
    const stack = formatStack(framesOfHere());
    const head = data.length === 0 ? "Trace" : "Trace: " + formatArguments(data);
    write("log", stack === "" ? head : head + "\n" + stack);
  },
  warn(...data: unknown[]) {
    write("warn", formatArguments(data));
  },
  dir(item?: unknown, _options?: unknown) {
    write("log", inspect(item));
  },
  dirxml(...data: unknown[]) {
    write("log", formatArguments(data));
  },
  count(name?: unknown) {
    const key = label(name);
    const count = (mapGet(counts, key) ?? 0) + 1;
    mapSet(counts, key, count);
    write("info", key + ": " + numberToString(count));
  },
  countReset(name?: unknown) {
    const key = label(name);
    if (!mapDelete(counts, key)) write("warn", "Count for '" + key + "' does not exist");
  },
  group(...data: unknown[]) {
    group(data);
  },
  groupCollapsed(...data: unknown[]) {
    group(data);
  },
  groupEnd() {
    indent = stringSlice(indent, GROUP_INDENT.length);
  },
  time(name?: unknown) {
    const key = label(name);
    if (mapHas(timers, key)) write("warn", "Timer '" + key + "' already exists");
    else mapSet(timers, key, monotonicNow());
  },
  timeLog(name?: unknown, ...data: unknown[]) {
    timeLog(label(name), data);
  },
  timeEnd(name?: unknown) {
    const key = label(name);
    if (timeLog(key, [])) mapDelete(timers, key);
  },
};

// A namespace object: its prototype is an empty object of its own.
const console = objectCreate(objectCreate(Object.prototype));
const names = ownKeys(methods) as (keyof typeof methods)[];
for (let i = 0; i < names.length; i++) {
  const name = names[i] as keyof typeof methods;
  const method = methods[name];
  objectDefineProperty(method, "length", { __proto__: null, value: 0, configurable: true } as PropertyDescriptor);
  console[name] = method;
}
objectDefineProperty(console, symbolToStringTag, { __proto__: null, value: "console", configurable: true } as PropertyDescriptor);
expose("console", console);
