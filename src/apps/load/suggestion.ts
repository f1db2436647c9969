/** The name of a file beside `path` that its author may have meant. */
import leven from "leven";
import { readdirSync } from "node:fs";
import { basename, dirname } from "node:path";
import type { AppFiles } from "./app-files.ts";

const MAX_NAMES = 500;
const MAX_NAME_LENGTH = 100;

/** Null when nothing is close. */
export function nearestName(path: string, extensions: readonly string[], files: AppFiles): string | null {
  const wanted = basename(path);
  const folder = files.look(dirname(path));
  if (wanted.length > MAX_NAME_LENGTH || folder === null || files.nameOf(folder.realPath) === null) return null;
  let best: { readonly name: string; readonly distance: number } | null = null;
  for (const name of namesIn(folder.realPath).slice(0, MAX_NAMES)) {
    if (name.length > MAX_NAME_LENGTH || !extensions.some((extension) => name.endsWith(extension))) continue;
    const distance = Math.min(leven(stem(wanted), stem(name)), leven(wanted, name));
    if (distance <= 2 && distance < stem(wanted).length && (best === null || distance < best.distance)) best = { name, distance };
  }
  return best?.name ?? null;
}

function stem(name: string): string {
  return name.replace(/\.[^.]+$/, "");
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
