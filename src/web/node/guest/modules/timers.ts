/** node:timers (https://nodejs.org/api/timers.html). A timer lasts as long as the request that started it, whether it is referenced or not. */
import { checkFunction } from "../support/errors.ts";
import { web } from "../support/globals.ts";
import promises from "./timers/promises.ts";

type Callback = (...args: any[]) => void;

const symbolDispose = (Symbol as unknown as { readonly dispose: symbol }).dispose;

export class Timeout {
  #handle: number | undefined;
  #isReferenced = true;
  readonly #start: () => number;

  constructor(start: () => number) {
    this.#start = start;
    this.#handle = start();
  }
  ref(): this {
    this.#isReferenced = true;
    return this;
  }
  unref(): this {
    this.#isReferenced = false;
    return this;
  }
  hasRef(): boolean {
    return this.#isReferenced;
  }
  refresh(): this {
    web.clearTimeout(this.#handle);
    this.#handle = this.#start();
    return this;
  }
  close(): this {
    web.clearTimeout(this.#handle);
    return this;
  }
  [Symbol.toPrimitive](): number {
    return this.#handle as number;
  }
}
Object.defineProperty(Timeout.prototype, symbolDispose, { value: Timeout.prototype.close, writable: true, configurable: true });

export function setTimeout(callback: Callback, ms?: number, ...args: unknown[]): Timeout {
  checkFunction(callback, "callback");
  return new Timeout(() => web.setTimeout(callback, ms, ...args));
}
export function setInterval(callback: Callback, ms?: number, ...args: unknown[]): Timeout {
  checkFunction(callback, "callback");
  return new Timeout(() => web.setInterval(callback, ms, ...args));
}
export function setImmediate(callback: Callback, ...args: unknown[]): Timeout {
  checkFunction(callback, "callback");
  return new Timeout(() => web.setTimeout(callback, 0, ...args));
}
function clear(timer: unknown): void {
  if (timer instanceof Timeout) timer.close();
  else if (typeof timer === "number" || typeof timer === "string") web.clearTimeout(Number(timer));
}
export { clear as clearImmediate, clear as clearInterval, clear as clearTimeout, promises };
export default { setTimeout, setInterval, setImmediate, clearTimeout: clear, clearInterval: clear, clearImmediate: clear, promises };
