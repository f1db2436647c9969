/** Structured clones for other rooms, without loading the room before one is needed. */
import { lazyRoom } from "../../infra/guest/rooms.ts";

const room = lazyRoom<typeof import("../guest.ts")>("structured-clone");

export const structuredCloneOf = (value: unknown, transfer: readonly unknown[]): unknown => room.use().structuredCloneOf(value, transfer);
