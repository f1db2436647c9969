/** Guest stubs derived from op declarations: they shape results, turn the host's errors into real ones and keep the promises of async ops. */
import type { Op, Wire } from "../../../isolate/op.ts";
import { DOMException } from "./dom-exception.ts";

type Native = (...args: unknown[]) => unknown;
type Read = (value: unknown) => unknown;
interface Pending {
  resolve: (value: unknown) => void;
  reject: (reason: unknown) => void;
  read: Read;
}

const SafePromise = Promise;
const SafeUint8Array = Uint8Array;
const parse = JSON.parse;
const stringify = JSON.stringify;
const errorClasses: Record<string, ErrorConstructor> = Object.assign(Object.create(null), { Error, TypeError, RangeError, SyntaxError, EvalError, URIError });
const pending: Record<number, Pending> = Object.create(null);
const indexOf = Function.prototype.call.bind(String.prototype.indexOf) as unknown as (text: string, search: string) => number;
const slice = Function.prototype.call.bind(String.prototype.slice) as unknown as (text: string, from: number, to?: number) => string;

const same: Read = (value) => value;

function reader(wire: Wire<unknown>): Read {
  if (wire.kind === "bytes") return (value) => (value === null ? null : new SafeUint8Array(value as ArrayBuffer));
  if (wire.kind === "json") return (value) => (value === null ? null : parse(value as string));
  return same;
}

/** The host throws `Name LF message`. */
function hydrate(thrown: unknown): unknown {
  if (typeof thrown !== "string") return thrown;
  const end = indexOf(thrown, "\n");
  const name = slice(thrown, 0, end);
  const message = slice(thrown, end + 1);
  const ErrorClass = errorClasses[name];
  return ErrorClass === undefined ? new DOMException(message, name) : new ErrorClass(message);
}

/** Arguments are fixed in number, so that no spread runs through an iterator that the app may have replaced. */
export function createStub(op: Op<any, any>, native: Native): unknown {
  const read = reader(op.result);
  const json: boolean[] = [];
  let hasJson = false;
  for (let i = 0; i < op.args.length; i++) {
    json[i] = (op.args[i] as Wire<unknown>).kind === "json";
    if (json[i]) hasJson = true;
  }
  const encode = (value: unknown, index: number) => (hasJson && json[index] === true ? stringify(value) : value);
  if (op.mode === "async")
    return (a: unknown, b: unknown, c: unknown, d: unknown, e: unknown, f: unknown) =>
      new SafePromise((resolve, reject) => {
        try {
          const call = native(encode(a, 0), encode(b, 1), encode(c, 2), encode(d, 3), encode(e, 4), encode(f, 5)) as number;
          pending[call] = { resolve, reject, read };
        } catch (thrown) {
          reject(hydrate(thrown));
        }
      });
  if (!hasJson && read === same)
    return (a: unknown, b: unknown, c: unknown, d: unknown, e: unknown, f: unknown) => {
      try {
        return native(a, b, c, d, e, f);
      } catch (thrown) {
        throw hydrate(thrown);
      }
    };
  return (a: unknown, b: unknown, c: unknown, d: unknown, e: unknown, f: unknown) => {
    try {
      return read(native(encode(a, 0), encode(b, 1), encode(c, 2), encode(d, 3), encode(e, 4), encode(f, 5)));
    } catch (thrown) {
      throw hydrate(thrown);
    }
  };
}

/** Settles the promise of async op `call`, or forgets it when `failed` is null; unknown calls are ignored. */
export function settle(call: number, value: unknown, failed: boolean | null): void {
  const waiting = pending[call];
  if (waiting === undefined) return;
  delete pending[call];
  if (failed === null) return;
  if (failed) waiting.reject(hydrate(value));
  else waiting.resolve(waiting.read(value));
}
