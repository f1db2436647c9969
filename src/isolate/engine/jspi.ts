/** JavaScript Promise Integration (https://webassembly.github.io/js-promise-integration/js-api/), which the type libraries do not know yet. */
interface Jspi {
  /** Wraps an export so that it may suspend; the result comes as a promise. */
  promising(exported: (...args: number[]) => number): (...args: number[]) => Promise<number>;
  /** Wraps an import so that a promise it returns suspends the WebAssembly stack. Costs about 9 µs a call. */
  readonly Suspending: new (imported: (...args: number[]) => number | Promise<number>) => object;
}

const platform = WebAssembly as unknown as Partial<Jspi>;

/** Says what is missing where isolates cannot run; empty where they can. */
export function missingFeature(): string {
  return typeof platform.promising === "function" && typeof platform.Suspending === "function"
    ? ""
    : "this JavaScript runtime lacks WebAssembly JavaScript Promise Integration (JSPI); nano needs Bun 1.4 or newer, or Node 25 or newer";
}

export const promising: Jspi["promising"] = (exported) => (platform as Jspi).promising(exported);

export function suspending(imported: (...args: number[]) => number | Promise<number>): unknown {
  return new (platform as Jspi).Suspending(imported);
}
