/**
 * Op contracts. An op is the only way guest code reaches the host. A room declares its ops once, as data; the
 * host handler type, the guest stub type and the codec that runs at the boundary are all derived from it.
 *
 * Compiled into both sides, so it imports nothing and touches no global.
 */

/** How one value crosses the boundary. `sample` exists only to carry the type. */
export interface Wire<T> {
  readonly kind: "str" | "u32" | "f64" | "bool" | "bytes" | "body" | "json" | "nothing";
  readonly nullable?: boolean;
  /** The longest value accepted, in UTF-16 units or bytes; longer ones are a guest TypeError before the host runs. */
  readonly max?: number;
  readonly sample?: T;
}

/** A DOMString; lone surrogates survive. `max` in UTF-16 units. */
export const str = (max = 1 << 20): Wire<string> => ({ kind: "str", max });
/** An integer in 0 … 2^32 − 1. */
export const u32: Wire<number> = { kind: "u32" };
export const f64: Wire<number> = { kind: "f64" };
export const bool: Wire<boolean> = { kind: "bool" };
/** A Uint8Array, copied at the boundary in both directions. `max` in bytes. */
export const bytes = (max = 1 << 30): Wire<Uint8Array<ArrayBuffer>> => ({ kind: "bytes", max });
/** A whole body: a string (UTF-8 encoded by the host) or a Uint8Array (copied). Arguments only. */
export const body = (max = 1 << 30): Wire<string | Uint8Array<ArrayBuffer>> => ({ kind: "body", max });
/** Plain data, as JSON text. For structured results; parsing costs the guest about 10 µs per 500 bytes. */
export const json = <T>(max = 1 << 20): Wire<T> => ({ kind: "json", max });
export const nothing: Wire<void> = { kind: "nothing" };
export const nullable = <T>(inner: Wire<T>): Wire<T | null> => ({ ...inner, nullable: true }) as Wire<T | null>;

export interface Op<A extends unknown[], R> {
  readonly mode: "sync" | "async";
  readonly args: { readonly [I in keyof A]: Wire<A[I]> };
  readonly result: Wire<Awaited<R>>;
  readonly sample?: (...args: A) => R;
}
export type OpTable = Readonly<Record<string, Op<any, any>>>;

/** Answers before the guest goes on. The handler must be quick and bounded; it may not enter the guest. */
export const sync = <A extends unknown[], R>(args: { readonly [I in keyof A]: Wire<A[I]> }, result: Wire<R>): Op<A, R> => ({
  mode: "sync",
  args,
  result: result as Wire<Awaited<R>>,
});
/** Answers with a promise in the guest. The call belongs to the invocation that made it and dies with it. */
export const async = <A extends unknown[], R>(
  args: { readonly [I in keyof A]: Wire<A[I]> },
  result: Wire<R>,
): Op<A, Promise<R>> => ({ mode: "async", args, result: result as Wire<Awaited<R>> });

/** What guest code may call. */
export type Stubs<T extends OpTable> = {
  readonly [K in keyof T]: T[K] extends Op<infer A, infer R> ? (...args: A) => R : never;
};

/** What the host must supply: every op, no more. `Ctx` is what the op is called on behalf of (see `op-table.ts`). */
export type Handlers<T extends OpTable, Ctx> = {
  readonly [K in keyof T]: T[K] extends Op<infer A, infer R> ? (ctx: Ctx, ...args: A) => R : never;
};
