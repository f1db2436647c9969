/** Ops of the guest's own machinery. */
import { nothing, str, sync, u32 } from "../../isolate/op.ts";

/** UTF-16 units of a stack that are mapped; the frames beyond are left out. */
export const MAX_STACK_TEXT = 16_384;

export const infraOps = {
  /** The code of a lazy room, by its place in the catalogue. What the engine compiles from now on keeps neither text nor positions. */
  room_open: sync([u32], str()),
  /** The frames of an error as the engine wrote them, with the positions of the app's own files. */
  stack_map: sync([str(MAX_STACK_TEXT)], str()),
  /** That code has been compiled. */
  room_close: sync([], nothing),
};
