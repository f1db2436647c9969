/** Promises that are rejected with nobody there: the engine tells the guest of each (see `build/engine/rejections`), and the host when there is something to do about them. */
import type { EngineInstance } from "./engine.ts";
import { TAG } from "./values.ts";

/** A function, undefined, pointers to three values, the values, and whether something was told. */
const STATE_BYTES = 56;
const ARGUMENTS = 8;
const VALUES = 24;
const TOLD = 48;

/** From now on `fn` is called with (promise, reason, whether it is handled by now) as the engine tracks them, in copies of this instance too. */
export function trackRejections(engine: EngineInstance, fn: number): void {
  const { pointers, layout } = engine;
  const state = engine.allocate(STATE_BYTES);
  pointers.rejections = state;
  const { view } = engine;
  for (const [i, word] of [fn, pointers.undefined].entries()) view.setUint32(state + i * 4, word, true);
  for (let i = 0; i < 3; i++) view.setUint32(state + ARGUMENTS + i * 4, state + VALUES + i * 8, true);
  engine.setWord(state + VALUES + 16, TAG.int, 0);
  view.setUint32(state + TOLD, 0, true);
  // The hook: anything but 0, and its opaque pointer behind it.
  view.setUint32(pointers.runtime + layout.rejectionTracker, 1, true);
  view.setUint32(pointers.runtime + layout.rejectionTracker + 4, state, true);
}

/** Whether the guest has been told of a promise since the last time. */
export function takeRejections({ view, pointers }: EngineInstance): boolean {
  const at = pointers.rejections + TOLD;
  if (view.getUint32(at, true) === 0) return false;
  view.setUint32(at, 0, true);
  return true;
}
