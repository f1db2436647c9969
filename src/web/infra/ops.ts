/** Ops of the guest's own machinery. */
import { nothing, str, sync, u32 } from "../../isolate/op.ts";

export const infraOps = {
  /** The code of a lazy room, by its place in the catalogue. What the engine compiles from now on keeps neither text nor positions. */
  room_open: sync([u32], str()),
  /** That code has been compiled. */
  room_close: sync([], nothing),
};
