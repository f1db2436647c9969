/** The host's door to the guest: one function takes every event and every settled op. It never throws, whatever a handler does. */
import { coreOps } from "../../../isolate/core-ops.ts";
import { keepContext, setContext } from "./async-context.ts";
import { engineStack, framesOf, namedStack } from "./error-stack.ts";
import { hostOps } from "./host-ops.ts";
import { settle } from "./stub.ts";

declare const __nanoReady: (deliver: unknown, names: string, keepContext: unknown, trackRejection: unknown, named: object, stackOf: unknown) => void;

type EventHandler = (invocationId: number, a: unknown, b: unknown) => void;

const { event_failed } = hostOps(coreOps);
const handlers: EventHandler[] = [];
let names = "";
let isReady = false;

/** Registers the handler of a host event. At module scope of the base only, not of a lazy room: the table is part of the base snapshot. */
export function onEvent(name: string, handler: EventHandler): void {
  if (isReady) throw new Error("event " + name + " comes too late: the base snapshot is made");
  handlers[handlers.length] = handler;
  names += `${name}\n`;
}

/** Event 0 settles an op: (call, value, failed), or forgets it when `failed` is null. The others are events in order of registration. */
function deliver(event: number, id: number, a: unknown, b: unknown): void {
  // Whatever an earlier entry has left.
  setContext(undefined);
  if (event === 0) {
    settle(id, a, b as boolean | null);
    return;
  }
  try {
    (handlers[event - 1] as EventHandler)(id, a, b);
  } catch (error) {
    event_failed(id, describe(error));
  }
}

function describe(error: unknown): string {
  try {
    const { name, message } = error as Error;
    return `${name}\n${message}\n${framesOf(error as Error)}`;
  } catch {
    return "Error\nan error that cannot be described\n";
  }
}

/** Hands the door to the host. The last thing that the bootstrap does. */
export function ready(trackRejection: unknown): void {
  isReady = true;
  __nanoReady(deliver, names, keepContext, trackRejection, namedStack, engineStack);
}
