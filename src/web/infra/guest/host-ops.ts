/** The guest's door to the host: typed stubs for a room's ops. The native functions come in through the bootstrap wrapper, never through globalThis. */
import type { OpTable, Stubs } from "../../../isolate/op.ts";
import { objectKeys } from "./primordials.ts";
import { createStub } from "./stub.ts";

declare const __nanoOps: Readonly<Record<string, (...args: unknown[]) => unknown>>;

/** Stubs for a room's ops. Call once per room, at module scope. Lazy rooms do so after an app has run. */
export function hostOps<T extends OpTable>(table: T): Stubs<T> {
  const stubs: Record<string, unknown> = { __proto__: null };
  const names = objectKeys(table);
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string;
    const native = __nanoOps[name];
    const op = table[name];
    if (native === undefined || op === undefined) throw new Error(`op ${name} is not in the host's catalogue`);
    stubs[name] = createStub(op, native);
  }
  return stubs as Stubs<T>;
}
