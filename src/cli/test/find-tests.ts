/** Which files are tests: `*.test.*` and `*.spec.*` anywhere below the project, but in no package and no hidden folder. */
import { readdir, stat } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { OperatorError } from "../../errors.ts";

const TEST_FILE = /\.(?:test|spec)\.(?:[cm]?[jt]s|[jt]sx)$/;
const SKIPPED: ReadonlySet<string> = new Set(["node_modules", "dist", "build", "coverage"]);

/** Absolute paths, sorted. `named`: files, folders, or parts of the names of test files; all tests when there are none. Throws OperatorError for one that leads to none. */
export async function findTests(root: string, cwd: string, named: readonly string[]): Promise<readonly string[]> {
  const all = await testsBelow(root);
  if (named.length === 0) return all;
  const found = new Set<string>();
  for (const name of named) {
    const path = resolve(cwd, name);
    const stats = await stat(path).catch(() => null);
    const meant = stats?.isFile() === true ? [path] : stats?.isDirectory() === true ? await testsBelow(path) : all.filter((file) => relative(root, file).includes(name));
    if (meant.length === 0) throw new OperatorError({ file: name, message: "there is no such test file", hint: all.length === 0 ? "tests are files named *.test.ts (or .js, .tsx, .jsx, .mjs)" : `there are: ${all.slice(0, 5).map((file) => relative(cwd, file)).join(", ")}${all.length > 5 ? ", …" : ""}` });
    for (const file of meant) found.add(file);
  }
  return [...found].sort();
}

async function testsBelow(folder: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !SKIPPED.has(entry.name) && !entry.name.startsWith(".")) found.push(...(await testsBelow(path)));
    else if (entry.isFile() && TEST_FILE.test(entry.name)) found.push(path);
  }
  return found.sort();
}
