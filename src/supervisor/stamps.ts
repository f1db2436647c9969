/** How files are told to have changed. */
import { stat } from "node:fs/promises";

/** File systems may tell the time of a change this much too early. */
export const CLOCK_GRAIN_MS = 10;

/** By file: changes when the file changes, appears or goes. */
export type Stamps = ReadonlyMap<string, string>;

const GONE = "gone";
const EMPTY = "/0/";

/** A file changed at `unsureSinceMs` or later has a stamp like no other's, so that the next look finds it changed. */
export async function stampsOf(files: readonly string[], unsureSinceMs = Number.POSITIVE_INFINITY): Promise<Stamps> {
  const stamp = (file: string) => stat(file).then(({ mtimeMs, size, ino }) => (mtimeMs >= unsureSinceMs ? "unsure" : `${mtimeMs}/${size}/${ino}`), () => GONE);
  return new Map(await Promise.all(files.map(async (file) => [file, await stamp(file)] as const)));
}

/** Whether a file may be half way through a save: editors and tools empty or remove files before they write them. */
export function isBetween(stamps: Stamps): boolean {
  return [...stamps.values()].some((stamp) => stamp === GONE || stamp.includes(EMPTY));
}

export function isSame(a: Stamps, b: Stamps): boolean {
  return a.size === b.size && [...a].every(([file, stamp]) => b.get(file) === stamp);
}
