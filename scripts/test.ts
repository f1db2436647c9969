/**
 * The whole suite, the way CI runs it: types, lint, build, then the tests in groups, each in a process of its own. Ends with one line
 * `N passed, N failed`. `bun scripts/test.ts unit` runs the named groups only.
 */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ENGINE_OPTIONS } from "../src/config/environment.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** JSC reads its options at process start; tests hold many isolates at once, as the runtime does. */
const ENV = { ...process.env, ...ENGINE_OPTIONS };

interface Step {
  readonly name: string;
  readonly command: readonly string[];
  /** Test groups report their own counts; any other step counts as one. */
  readonly isTests?: boolean;
}

const bun = process.execPath;
const group = (name: string, path: string, timeoutMs = 30_000): Step => ({ name, command: [bun, "test", `--timeout=${timeoutMs}`, path], isTests: true });

const STEPS: readonly Step[] = [
  { name: "types (host)", command: [bun, "node_modules/typescript/bin/tsc", "-p", "tsconfig.json"] },
  { name: "types (guest)", command: [bun, "node_modules/typescript/bin/tsc", "-p", "tsconfig.guest.json"] },
  { name: "lint", command: [bun, "node_modules/@biomejs/biome/bin/biome", "lint", "--error-on-warnings", "."] },
  group("architecture", "./tests/architecture.test.ts"),
  { name: "build", command: [bun, "build/build.ts"] },
  group("unit", "./tests/unit", 60_000),
  group("web", "./tests/web"),
  group("conformance", "./tests/conformance"),
  group("e2e", "./tests/e2e", 120_000),
  group("hostile", "./tests/hostile", 300_000),
];

interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

async function run(step: Step): Promise<Count> {
  const child = Bun.spawn([...step.command], { cwd: ROOT, env: ENV, stdout: "inherit", stderr: step.isTests === true ? "pipe" : "inherit" });
  let text = "";
  if (child.stderr instanceof ReadableStream) {
    const decoder = new TextDecoder();
    for await (const chunk of child.stderr as unknown as AsyncIterable<Uint8Array>) {
      process.stderr.write(chunk);
      text += decoder.decode(chunk, { stream: true });
    }
  }
  const status = await child.exited;
  if (step.isTests !== true) return { passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, skipped: 0 };
  const last = (word: string) => Number([...text.matchAll(new RegExp(`^\\s*(\\d+) ${word}$`, "gm"))].at(-1)?.[1] ?? 0);
  const count = { passed: last("pass"), failed: last("fail"), skipped: last("skip") };
  // A runner that dies, or finds nothing to run, is a failure whatever it printed.
  if (status !== 0 && count.failed === 0) count.failed = 1;
  if (count.passed + count.failed === 0) count.failed = 1;
  return count;
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !STEPS.some((step) => step.name === name));
if (unknown.length > 0) {
  console.error(`unknown group ${unknown.join(", ")}; there are: ${STEPS.map((step) => step.name).join(", ")}`);
  process.exit(2);
}
const total: Count = { passed: 0, failed: 0, skipped: 0 };
const rows: string[] = [];
for (const step of STEPS) {
  if (wanted.length > 0 && !wanted.includes(step.name)) continue;
  const path = step.command.at(-1) as string;
  if (step.isTests === true && !existsSync(new URL(`../${path}`, import.meta.url))) continue;
  console.log(`\n── ${step.name} ──`);
  const started = performance.now();
  const count = await run(step);
  total.passed += count.passed;
  total.failed += count.failed;
  total.skipped += count.skipped;
  rows.push(`${step.name.padEnd(14)} ${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped, ${((performance.now() - started) / 1000).toFixed(1)} s`);
}
console.log(`\n${rows.join("\n")}\n`);
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;
