/** Which lazy rooms the code of an app will need. What this misses is loaded on first use, at the cost of whoever uses it. */
import type { OpContext } from "../isolate/invocation.ts";
import { LAZY_ROOMS } from "./lazy-rooms.ts";

const signs = LAZY_ROOMS.filter(({ globals, operations = [], hints = [] }) => globals.length + operations.length + hints.length > 0).map(({ name, globals, operations = [], hints = [] }) => ({
  name,
  pattern: new RegExp([...[...globals, ...operations].map((word) => `\\b${word}\\b`), ...hints].join("|")),
}));

export const roomsUsedBy = (code: string): readonly string[] => signs.filter(({ pattern }) => pattern.test(code)).map(({ name }) => name);

/** To be called before `code` is evaluated: the rooms are then in the app's snapshot. */
export function enterRooms(invocation: Pick<OpContext, "enter">, code: string): void {
  const rooms = roomsUsedBy(code);
  if (rooms.length > 0) invocation.enter("rooms", rooms.join("\n"));
}
