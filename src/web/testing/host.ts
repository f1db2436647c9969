/** Host side of `nano:test` where nothing is tested: nobody has its door, and whoever finds another way in is refused. */
import { GuestError } from "../../isolate/guest-error.ts";
import type { OpContext } from "../../isolate/invocation.ts";
import type { Handlers } from "../../isolate/op.ts";
import { testingOps } from "./ops.ts";

function refuse(): never {
  throw new GuestError("TypeError", "nano:test is there for test files alone");
}

export const refusedTesting = Object.fromEntries(Object.keys(testingOps).map((name) => [name, refuse])) as unknown as Handlers<typeof testingOps, OpContext>;
