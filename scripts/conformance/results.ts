/** The stored results of web-platform-tests, and what they say per area beside those of other servers. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { failuresOf, WHOLE_FILE } from "../../tests/conformance/expectations.ts";
import { AREAS, OPTIONAL_AREAS } from "../../tests/conformance/wpt/areas.ts";
import type { Results } from "../../tests/conformance/wpt/run.ts";

interface StoredFile {
  readonly area: string;
  /** Hashes of the names of all subtests that were reported, 8 digits each. */
  readonly passed: string;
  readonly failed: readonly string[];
}
export interface StoredResults {
  readonly wpt: string;
  readonly files: Readonly<Record<string, StoredFile>>;
}

/** Results of other servers, made by the same runner: by file the hashes of all subtests that any of them reported, and for each of those one base-32 digit with a bit per server. */
interface Peers {
  readonly wpt: string;
  readonly runtimes: readonly string[];
  readonly versions: readonly string[];
  readonly files: Readonly<Record<string, { readonly area: string; readonly tests: string; readonly pass: string }>>;
}

export interface AreaSummary {
  readonly area: string;
  readonly isOptional: boolean;
  readonly files: number;
  /** Subtests that nano or any of the other servers reports. */
  readonly subtests: number;
  /** Of those, the ones that pass in nano or in any of the other servers: the rest is for browsers. */
  readonly reachable: number;
  readonly passed: number;
  /** By server. */
  readonly peers: Readonly<Record<string, number>>;
}

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const RESULTS = at("tests/conformance/results.json");
export const PEERS = JSON.parse(readFileSync(at("tests/conformance/peers.json"), "utf8")) as Peers;

/** 32-bit FNV-1a over UTF-16 units. */
function hash(name: string): string {
  let value = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i);
    value = Math.imul(value ^ (unit & 255), 0x01000193);
    value = Math.imul(value ^ (unit >> 8), 0x01000193);
  }
  return (value >>> 0).toString(16).padStart(8, "0");
}

function hashesIn(text: string): string[] {
  return Array.from({ length: text.length / 8 }, (_, i) => text.slice(8 * i, 8 * i + 8));
}

/** Whether any of the other servers passes the subtest. */
export function passesElsewhere(id: string, name: string): boolean {
  const known = PEERS.files[id];
  const index = known === undefined ? -1 : hashesIn(known.tests).indexOf(hash(name));
  return index >= 0 && known?.pass[index] !== "0";
}

export function readResults(): StoredResults {
  return existsSync(RESULTS) ? (JSON.parse(readFileSync(RESULTS, "utf8")) as StoredResults) : { wpt: PEERS.wpt, files: {} };
}

/** Puts the results in the place of older ones of the same files; those of files that no longer exist go when their whole area was run. */
export function storeResults(results: Results, wholeAreas: readonly string[]): void {
  const files: Record<string, StoredFile> = Object.fromEntries(Object.entries(readResults().files).filter(([, file]) => file.area in AREAS && !wholeAreas.includes(file.area)));
  for (const [id, result] of Object.entries(results)) {
    const passed = Object.keys(result.subtests).filter((name) => result.subtests[name] === "PASS").map(hash).sort().join("");
    files[id] = { area: result.area, passed, failed: failuresOf(result) };
  }
  const lines = Object.keys(files).sort().map((id) => `${JSON.stringify(id)}: ${JSON.stringify(files[id])}`);
  writeFileSync(RESULTS, `{"wpt": ${JSON.stringify(PEERS.wpt)}, "files": {\n${lines.join(",\n")}\n}}\n`);
}

export function summarize(results: StoredResults): AreaSummary[] {
  return Object.keys(AREAS).map((area) => {
    const ids = [...new Set([...Object.keys(results.files), ...Object.keys(PEERS.files)])].filter((id) => (results.files[id] ?? PEERS.files[id])?.area === area);
    const sums = { files: ids.length, subtests: 0, reachable: 0, passed: 0 };
    const peers: Record<string, number> = Object.fromEntries(PEERS.runtimes.map((name) => [name, 0]));
    for (const id of ids) {
      const known = PEERS.files[id];
      const passedBy = new Map(hashesIn(known?.tests ?? "").map((key, i) => [key, Number.parseInt((known?.pass ?? "")[i] as string, 32)]));
      const passed = new Set(hashesIn(results.files[id]?.passed ?? ""));
      const failed = (results.files[id]?.failed ?? []).filter((name) => name !== WHOLE_FILE).map(hash);
      for (const bits of passedBy.values()) PEERS.runtimes.forEach((name, bit) => { peers[name] = (peers[name] ?? 0) + ((bits >> bit) & 1); });
      sums.passed += passed.size;
      sums.subtests += new Set([...passedBy.keys(), ...passed, ...failed]).size;
      sums.reachable += new Set([...passed, ...[...passedBy].filter(([, bits]) => bits !== 0).map(([key]) => key)]).size;
    }
    return { area, isOptional: OPTIONAL_AREAS.includes(area), ...sums, peers };
  });
}
