/** What docs/conformance.json says: all of it is taken from the results, the expectations and the probe. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { ExpectedGroup } from "../../tests/conformance/expectations.ts";
import type { ProbedName } from "../../tests/conformance/probe.ts";
import { type AreaSummary, passesElsewhere, PEERS, type StoredResults, summarize } from "./results.ts";

export const JSON_PAGE = fileURLToPath(new URL("../../docs/conformance.json", import.meta.url));
export const MARKDOWN_PAGE = fileURLToPath(new URL("../../docs/conformance.md", import.meta.url));

export interface Deviation {
  readonly area: string;
  readonly reason: string;
  readonly impact: string;
  readonly subtests: number;
  /** Of these, the ones that another server passes. */
  readonly passedElsewhere: number;
  readonly files: readonly string[];
}

export interface Conformance {
  readonly wpt: string;
  readonly peers: readonly { readonly name: string; readonly version: string }[];
  readonly totals: { readonly files: number; readonly subtests: number; readonly reachable: number; readonly passed: number; readonly reach: string; readonly meanReach: string; readonly peers: Readonly<Record<string, number>> };
  readonly areas: readonly AreaSummary[];
  readonly names: readonly ProbedName[];
  readonly deviations: readonly Deviation[];
}

/** Deviations that no test of web-platform-tests shows. */
const UNTESTED = JSON.parse(readFileSync(new URL("../../tests/conformance/deviations.json", import.meta.url), "utf8")) as readonly Pick<Deviation, "area" | "reason" | "impact">[];

export const percent = (part: number, whole: number): string => (whole === 0 ? "–" : ((100 * part) / whole).toFixed(1));

export function conformanceOf(results: StoredResults, expectations: ReadonlyMap<string, readonly ExpectedGroup[]>, names: readonly ProbedName[]): Conformance {
  const areas = summarize(results);
  const counted = areas.filter((area) => !area.isOptional);
  const sum = (key: "files" | "subtests" | "reachable" | "passed"): number => counted.reduce((total, area) => total + area[key], 0);
  const mean = counted.reduce((total, area) => total + (100 * area.passed) / area.reachable / counted.length, 0);
  return {
    wpt: results.wpt,
    peers: PEERS.runtimes.map((name, i) => ({ name, version: PEERS.versions[i] ?? "" })),
    totals: {
      files: sum("files"),
      subtests: sum("subtests"),
      reachable: sum("reachable"),
      passed: sum("passed"),
      reach: percent(sum("passed"), sum("reachable")),
      meanReach: mean.toFixed(1),
      peers: Object.fromEntries(PEERS.runtimes.map((name) => [name, counted.reduce((total, area) => total + (area.peers[name] ?? 0), 0)])),
    },
    areas,
    names,
    deviations: [
      ...[...expectations].flatMap(([area, groups]) => groups.map((group) => deviationOf(area, group))),
      ...UNTESTED.map((deviation) => ({ ...deviation, subtests: 0, passedElsewhere: 0, files: [] })),
    ],
  };
}

function deviationOf(area: string, { reason, impact, tests }: ExpectedGroup): Deviation {
  const all = Object.entries(tests).flatMap(([id, names]) => names.map((name) => [id, name] as const));
  return { area, reason, impact, subtests: all.length, passedElsewhere: all.filter(([id, name]) => passesElsewhere(id, name)).length, files: Object.keys(tests) };
}
