/** Runs tests of web-platform-tests in the executable: one process of `nano serve` for each file. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { NanoProcess } from "../../harness/nano.ts";
import { listTests, type TestFile } from "./areas.ts";
import { startWptServer, type WptServer } from "./server.ts";
import { createTestApp } from "./test-app.ts";

export type Status = "OK" | "ERROR" | "TIMEOUT" | "CRASH" | "PRECONDITION_FAILED";
export interface FileResult {
  readonly area: string;
  readonly status: Status;
  /** Why the file as a whole is not OK. */
  readonly message?: string;
  /** By name of the subtest: "PASS", or what went wrong. */
  readonly subtests: Readonly<Record<string, string>>;
}
export type Results = Readonly<Record<string, FileResult>>;

export interface RunOptions {
  readonly wpt: string;
  readonly areas: readonly string[];
  readonly filter?: RegExp;
  readonly jobs?: number;
  readonly onResult?: (id: string, result: FileResult, ms: number) => void;
}

const DEADLINE_MS = 15_000;
const LONG_DEADLINE_MS = 26_000;
/** After the app's own deadline. */
const GRACE_MS = 5_000;

/** As for an operator whose large app speaks to services on this machine. */
const APP = {
  path: "app.mjs",
  default: true,
  limits: { subrequests: 1_000, subrequests_at_once: 32, memory_mb: 1_024 },
  egress: { allow: ["localhost", "127.0.0.0/8", "::1"] },
};

export async function runTests({ wpt, areas, filter, jobs = 2, onResult }: RunOptions): Promise<Results> {
  using server = await startWptServer(wpt);
  const tests = listTests(wpt, areas).filter((test) => filter === undefined || filter.test(test.id));
  const results: Record<string, FileResult> = Object.fromEntries(tests.map((test) => [test.id, { area: test.area, status: "CRASH", subtests: {} }]));
  let next = 0;
  const work = async (): Promise<void> => {
    for (let test = tests[next++]; test !== undefined; test = tests[next++]) {
      const started = performance.now();
      const result = await runFile(wpt, test, server);
      results[test.id] = result;
      onResult?.(test.id, result, performance.now() - started);
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return results;
}

interface Report {
  readonly status: Status;
  readonly message: string | null;
  readonly tests: readonly { readonly name: string; readonly status: string; readonly message?: string }[];
}

async function runFile(wpt: string, { area, file, variant, isLong }: TestFile, server: WptServer): Promise<FileResult> {
  const deadlineMs = isLong ? LONG_DEADLINE_MS : DEADLINE_MS;
  const source = createTestApp({ wpt, file, variant, server, deadlineMs });
  let nano: NanoProcess | null = null;
  try {
    nano = await NanoProcess.serve({ apps: [APP] }, { "app.mjs": source });
    const response = await nano.request("wpt.test", "/", { signal: AbortSignal.timeout(deadlineMs + GRACE_MS) });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${response.status} ${text}`);
    const { status, message, tests } = JSON.parse(text) as Report;
    return { area, status, ...(status === "OK" || message === null ? {} : { message: withoutPorts(message, server) }), subtests: named(tests, server) };
  } catch (error) {
    const isTimeout = error instanceof DOMException && error.name === "TimeoutError";
    return { area, status: isTimeout ? "TIMEOUT" : "CRASH", message: String(error), subtests: {} };
  } finally {
    await nano?.stop();
  }
}

/** Equal names in a file are numbered. */
function named(tests: Report["tests"], server: WptServer): Record<string, string> {
  const counts = new Map<string, number>();
  const subtests: Record<string, string> = {};
  for (const { name, status, message = "" } of tests) {
    const stable = withoutPorts(name, server);
    const count = (counts.get(stable) ?? 0) + 1;
    counts.set(stable, count);
    subtests[count === 1 ? stable : `${stable} #${count}`] = status === "PASS" ? "PASS" : `${status}: ${withoutPorts(message, server)}`;
  }
  return subtests;
}

function withoutPorts(text: string, { ports, closed }: WptServer): string {
  let stable = text.replaceAll(`:${closed}`, ":{{https}}");
  for (const [i, port] of ports.entries()) stable = stable.replaceAll(`:${port}`, `:{{http${i}}}`);
  return stable;
}

/** What the checkout says it is, or null where it is none. */
export function wptCheckout(): string | null {
  const wpt = process.env["WPT_DIR"];
  if (wpt === undefined) return null;
  try {
    readFileSync(join(wpt, "resources", "testharness.js"));
    return wpt;
  } catch {
    throw new Error(`WPT_DIR names ${wpt}, which has no resources/testharness.js`);
  }
}
