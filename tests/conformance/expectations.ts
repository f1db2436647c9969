/** What is known to fail in web-platform-tests, by area: groups of subtests, each with its reason and what it means for an app. */
import { existsSync, readFileSync } from "node:fs";
import { AREAS } from "./wpt/areas.ts";
import type { FileResult, Results } from "./wpt/run.ts";

export interface ExpectedGroup {
  readonly reason: string;
  /** What an app notices. */
  readonly impact: string;
  /** By file: names of subtests, or WHOLE_FILE for a file that does not come to its end. */
  readonly tests: Readonly<Record<string, readonly string[]>>;
}

export const WHOLE_FILE = "(the file as a whole)";
const FOLDER = `${import.meta.dir}/expectations`;

export const expectationPath = (area: string): string => `${FOLDER}/${area.replaceAll("/", "-")}.json`;

export function readExpectations(area: string): readonly ExpectedGroup[] {
  const path = expectationPath(area);
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as ExpectedGroup[]) : [];
}

export const allExpectations = (): ReadonlyMap<string, readonly ExpectedGroup[]> => new Map(Object.keys(AREAS).map((area) => [area, readExpectations(area)]));

export function failuresOf({ status, subtests }: FileResult): string[] {
  const names = Object.keys(subtests).filter((name) => subtests[name] !== "PASS");
  return status === "OK" ? names : [WHOLE_FILE, ...names];
}

export interface Surprises {
  /** `file: subtest`, with what it said. */
  readonly failures: readonly string[];
  readonly passes: readonly string[];
}

/** Compares the files that were run, and only those. */
export function surprisesOf(results: Results, groups: readonly ExpectedGroup[]): Surprises {
  const failures: string[] = [];
  const passes: string[] = [];
  for (const [id, result] of Object.entries(results)) {
    const expected = new Set(groups.flatMap((group) => group.tests[id] ?? []));
    const failed = new Set(failuresOf(result));
    for (const name of failed) if (!expected.has(name)) failures.push(`${id}: ${name}: ${result.subtests[name] ?? `${result.status} ${result.message ?? ""}`}`);
    for (const name of expected) if (!failed.has(name)) passes.push(`${id}: ${name}`);
  }
  return { failures, passes };
}

/** The groups without what passes now, and with what fails now and no group has in one more group, whose reason somebody has to write. */
export function adjusted(results: Results, groups: readonly ExpectedGroup[]): ExpectedGroup[] {
  const known = new Set(groups.flatMap((group) => Object.entries(group.tests).flatMap(([id, names]) => names.map((name) => `${id}\n${name}`))));
  const kept = groups.map((group) => ({ ...group, tests: narrowed(group.tests, results) }));
  const found: Record<string, string[]> = {};
  for (const [id, result] of Object.entries(results))
    for (const name of failuresOf(result)) if (!known.has(`${id}\n${name}`)) (found[id] ??= []).push(name);
  return [...kept, { reason: "", impact: "", tests: found }].filter((group) => Object.keys(group.tests).length > 0);
}

function narrowed(tests: ExpectedGroup["tests"], results: Results): Record<string, string[]> {
  const kept: Record<string, string[]> = {};
  for (const [id, names] of Object.entries(tests)) {
    const result = results[id];
    const failed = result === undefined ? null : new Set(failuresOf(result));
    const still = names.filter((name) => failed === null || failed.has(name));
    if (still.length > 0) kept[id] = still;
  }
  return kept;
}
