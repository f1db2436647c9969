/** Errors as Node makes them: with a code, by which its users tell them apart. */

export type Coded<E extends Error = Error> = E & { code: string };

function coded<E extends Error>(error: E, code: string): Coded<E> {
  const { name } = error;
  const result = error as Coded<E>;
  result.code = code;
  Object.defineProperty(result, "toString", { value: () => `${name} [${code}]: ${error.message}`, configurable: true, writable: true });
  return result;
}

export const typeError = (code: string, message: string): Coded<TypeError> => coded(new TypeError(message), code);
export const rangeError = (code: string, message: string): Coded<RangeError> => coded(new RangeError(message), code);
export const plainError = (code: string, message: string): Coded => coded(new Error(message), code);

function received(value: unknown): string {
  if (value === null || value === undefined) return `Received ${value}`;
  if (typeof value === "function") return `Received function ${value.name}`;
  if (typeof value === "object") {
    const name = (value as { constructor?: { name?: string } }).constructor?.name;
    return name ? `Received an instance of ${name}` : "Received an object";
  }
  const shown = typeof value === "string" ? `'${value.length > 28 ? `${value.slice(0, 25)}...` : value}'` : String(value);
  return `Received type ${typeof value} (${shown})`;
}

/** `expected` reads "of type string" or "an instance of Buffer". */
export const wrongType = (name: string, expected: string, value: unknown): Coded<TypeError> =>
  typeError("ERR_INVALID_ARG_TYPE", `The "${name}" argument must be ${expected}. ${received(value)}`);
export const wrongValue = (name: string, reason: string, value: unknown): Coded<TypeError> =>
  typeError("ERR_INVALID_ARG_VALUE", `The argument '${name}' ${reason}. Received ${typeof value === "string" ? `'${value}'` : String(value)}`);
export const outOfRange = (name: string, range: string, value: unknown): Coded<RangeError> =>
  rangeError("ERR_OUT_OF_RANGE", `The value of "${name}" is out of range. It must be ${range}. Received ${String(value)}`);

export function checkFunction(value: unknown, name: string): asserts value is (...args: never[]) => unknown {
  if (typeof value !== "function") throw wrongType(name, "of type function", value);
}
export function checkString(value: unknown, name: string): asserts value is string {
  if (typeof value !== "string") throw wrongType(name, "of type string", value);
}

/** What an operation that was called off rejects with. */
export class AbortError extends Error {
  readonly code = "ABORT_ERR";
  constructor(cause: unknown) {
    super("The operation was aborted", { cause });
    this.name = "AbortError";
  }
}
