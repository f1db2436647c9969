/** Values as text, by the formatter of nano's console. */
import { door } from "../door.ts";

export interface InspectOptions {
  readonly depth?: number | null;
}

export const customInspect: unique symbol = Symbol.for("nodejs.util.inspect.custom") as never;
/** Node's default. */
const DEPTH = 2;
/** Deep enough for "as deep as it goes": the formatter has bounds of its own. */
const ALL = 1000;

type Custom = (depth: number, options: InspectOptions & { stylize: (text: string) => string }, inspect: unknown) => unknown;

export function inspect(value: unknown, options?: InspectOptions | boolean, depth?: number | null): string {
  const given = typeof options === "object" && options !== null ? options.depth : depth;
  const levels = given === undefined ? DEPTH : given === null || given === Number.POSITIVE_INFINITY ? ALL : given;
  if (typeof value !== "object" && typeof value !== "function") return door.formatPrimitive(value, true);
  const custom = (value as { [customInspect]?: Custom } | null)?.[customInspect];
  if (typeof custom === "function" && custom !== (inspect as unknown)) {
    const shown = Reflect.apply(custom, value, [levels, { depth: levels, stylize: (text: string) => text }, inspect]);
    if (shown !== value) return typeof shown === "string" ? shown : inspect(shown, { depth: levels });
  }
  return door.inspect(value, levels);
}
inspect.custom = customInspect;
inspect.defaultOptions = { depth: DEPTH };

/** https://nodejs.org/api/util.html#utilformatformat-args */
export function format(...args: unknown[]): string {
  return formatWithOptions({}, ...args);
}

export function formatWithOptions(options: InspectOptions, ...args: unknown[]): string {
  const [first] = args;
  let used = 0;
  let text = "";
  if (typeof first === "string") {
    used = 1;
    text = args.length === 1 ? first : first.replace(/%[sdifjoOc%]/g, (directive) => {
      if (directive === "%%") return "%";
      return used < args.length ? directed(directive, args[used++], options) : directive;
    });
  }
  const rest = args.slice(used).map((value) => (typeof value === "string" ? value : inspect(value, options)));
  return typeof first === "string" ? [text, ...rest].join(" ") : rest.join(" ");
}

function directed(directive: string, value: unknown, options: InspectOptions): string {
  const number = (convert: (text: string) => number) => (typeof value === "object" || typeof value === "symbol" ? "NaN" : door.formatPrimitive(convert(String(value)), false));
  switch (directive) {
    case "%s":
      return typeof value === "string" ? value : typeof value === "object" && value !== null && !hasOwnText(value) ? inspect(value, { ...options, depth: 0 }) : typeof value === "bigint" ? `${value}n` : Object.is(value, -0) ? "-0" : String(value);
    case "%d":
      return typeof value === "bigint" ? `${value}n` : number(Number);
    case "%i":
      return typeof value === "bigint" ? `${value}n` : number((text) => Number.parseInt(text, 10));
    case "%f":
      return number(Number.parseFloat);
    case "%j":
      try {
        return JSON.stringify(value) ?? "undefined";
      } catch {
        return "[Circular]";
      }
    case "%c":
      return "";
    default:
      return inspect(value, { ...options, depth: 4 });
  }
}

/** Its class says how it reads as text. */
function hasOwnText(value: object): boolean {
  const method = (value as { toString?: unknown }).toString;
  return typeof method === "function" && method !== Object.prototype.toString && method !== Array.prototype.toString && method !== Error.prototype.toString;
}
