/** A profile by function: what each burnt itself, and with what it called. */
import type { ProfiledCall, ProfiledFunction, ProfileRecord } from "../../../observe/profile.ts";

export interface FunctionShare {
  readonly fn: ProfiledFunction;
  readonly selfFuel: number;
  /** Calls of itself counted once. */
  readonly totalFuel: number;
}

/** The dearest first; by name and place where that is equal. */
export function functionsOf({ calls }: Pick<ProfileRecord, "calls">): readonly FunctionShare[] {
  const shares = new Map<string, { fn: ProfiledFunction; selfFuel: number; totalFuel: number }>();
  const active = new Set<string>();
  const visit = ({ fn, fuel, calls: inner }: ProfiledCall): number => {
    const key = keyOf(fn);
    const share = shares.get(key) ?? { fn, selfFuel: 0, totalFuel: 0 };
    shares.set(key, share);
    const isOutermost = !active.has(key);
    if (isOutermost) active.add(key);
    let total = fuel;
    for (const call of inner) total += visit(call);
    share.selfFuel += fuel;
    if (isOutermost) {
      share.totalFuel += total;
      active.delete(key);
    }
    return total;
  };
  for (const call of calls) visit(call);
  return [...shares.values()].sort((a, b) => b.selfFuel - a.selfFuel || b.totalFuel - a.totalFuel || (keyOf(a.fn) < keyOf(b.fn) ? -1 : 1));
}

export const keyOf = ({ kind, name, file, line, column }: ProfiledFunction): string => `${kind}\0${name}\0${file}:${line}:${column}`;

export const placeOf = ({ kind, file, line }: ProfiledFunction): string => (file === "" ? kind : `${file}:${line}`);

export const nameOf = ({ name }: ProfiledFunction): string => (name === "" ? "(anonymous)" : name);
