/**
 * The door of the node: modules. They are bundled into the apps that import them, and what they need of nano is handed to such a bundle once, before any of its
 * code runs: the bundle takes it off `globalThis` in its first statement.
 */
import { coreOps } from "../../isolate/core-ops.ts";
import { formatArguments } from "../console/guest/format.ts";
import { inspect } from "../console/guest/inspect.ts";
import { formatPrimitive } from "../console/guest/text.ts";
import { currentEnv } from "../fetch/guest/handler.ts";
import { getContext, setContext } from "../infra/guest/async-context.ts";
import { onEvent } from "../infra/guest/events.ts";
import { hostOps } from "../infra/guest/host-ops.ts";
import { kindOf } from "../infra/guest/kind.ts";
import { objectDefineProperty } from "../infra/guest/primordials.ts";
import { lazyRoom } from "../infra/guest/rooms.ts";
import type { Door } from "./guest/door.ts";
import { nodeOps } from "./ops.ts";

const ops = hostOps(nodeOps);
const testing = lazyRoom<typeof import("../testing/guest.ts")>("testing");
const { context_follow } = hostOps(coreOps);

onEvent("door", (_invocation, name, isForTests) => {
  const value: Door = { ops, env: currentEnv(), inspect, formatPrimitive, formatArguments, kindOf: (object) => kindOf(object).kind, context: { get: getContext, set: setContext, follow: context_follow }, testing: isForTests === 1 ? testing.use().testing : undefined };
  objectDefineProperty(globalThis, name as string, { __proto__: null, value, configurable: true } as PropertyDescriptor);
});
