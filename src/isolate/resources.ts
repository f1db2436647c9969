/** Host objects that a guest names by number (rid). A table belongs to one invocation and closes what is left when that ends. */
import { GuestError } from "./guest-error.ts";

interface Entry {
  readonly kind: string;
  readonly value: unknown;
  readonly close: (() => void) | undefined;
}

/** Shared by the tables of one isolate, so that a rid never names two things during its life. */
export interface RidSource {
  nextRid(): number;
}

export class Resources {
  /** Most invocations open nothing. */
  #entries: Map<number, Entry> | null = null;
  readonly #rids: RidSource;
  #closed = false;

  constructor(rids: RidSource) {
    this.#rids = rids;
  }

  get size(): number {
    return this.#entries?.size ?? 0;
  }

  add(kind: string, value: unknown, close?: () => void): number {
    if (this.#closed) {
      close?.();
      throw new GuestError("TypeError", "this request has ended; its I/O objects cannot be used any more");
    }
    const rid = this.#rids.nextRid();
    this.#entries ??= new Map();
    this.#entries.set(rid, { kind, value, close });
    return rid;
  }

  /** The object behind `rid`. A rid of another invocation, of another kind or already closed is a guest TypeError. */
  get<T>(rid: number, kind: string): T {
    const entry = this.#entries?.get(rid);
    if (entry?.kind !== kind) throw new GuestError("TypeError", "this I/O object belongs to another request, or it has been closed");
    return entry.value as T;
  }

  is(rid: number, kind: string): boolean {
    return this.#entries?.get(rid)?.kind === kind;
  }

  has(rid: number): boolean {
    return this.#entries?.has(rid) ?? false;
  }

  count(kind: string): number {
    let n = 0;
    for (const entry of this.#entries?.values() ?? []) if (entry.kind === kind) n++;
    return n;
  }

  /** Forgets `rid` without closing its object: someone else owns it from now on. */
  release(rid: number): void {
    this.#entries?.delete(rid);
  }

  close(rid: number): void {
    const entry = this.#entries?.get(rid);
    if (entry === undefined) return;
    this.#entries?.delete(rid);
    entry.close?.();
  }

  closeAll(): void {
    this.#closed = true;
    if (this.#entries !== null) for (const rid of [...this.#entries.keys()]) this.close(rid);
  }
}
