/** Test data of web-platform-tests, which is read where it lies and never committed. */
import { existsSync, readFileSync } from "node:fs";

const directory = process.env["NANO_WPT_DATA"] ?? `${import.meta.dir}/../../../../shared/data/wpt`;

/** The parsed file, or null after a line that says what is missing. */
export function wptData<T>(path: string): T | null {
  const file = `${directory}/${path}`;
  if (existsSync(file)) return JSON.parse(readFileSync(file, "utf8")) as T;
  console.warn(`skipped: no ${path} in NANO_WPT_DATA`);
  return null;
}
