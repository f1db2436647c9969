/** What the node: modules have of nano beyond the globals of every app. */
import type { Stubs } from "../../../isolate/op.ts";
import type { Kind } from "../../infra/guest/kind.ts";
import type { nodeOps } from "../ops.ts";

export interface Door {
  readonly ops: Stubs<typeof nodeOps>;
  readonly env: object;
  readonly inspect: (value: unknown, maxDepth?: number) => string;
  readonly formatPrimitive: (value: unknown, isQuoted: boolean) => string;
  readonly formatArguments: (args: readonly unknown[]) => string;
  readonly kindOf: (value: object) => Kind;
  readonly context: {
    readonly get: () => unknown;
    readonly set: (context: unknown) => void;
    /** From now on promises and timers keep the context. Until then nobody pays for it. */
    readonly follow: () => void;
  };
  /** For test files alone, see `web/testing`. */
  readonly testing: object | undefined;
}

/** The name stands for the one that the bundle gives its door. */
declare const __nanoDoor: Door;
export const door: Door = __nanoDoor;
