/** `nano test`: runs an app's tests inside isolates, against the app in isolates of its own. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, relative, resolve } from "node:path";
import { loadArtifacts } from "../../artifacts.ts";
import { EXIT } from "../../errors.ts";
import { type FileResult, hasFailed } from "../../testing/results.ts";
import { type Arguments, type Command, type CommandContext, UsageError } from "../command.ts";
import { devEnvOf } from "../dev/project.ts";
import { withEngine } from "../reexec.ts";
import { argvOf } from "../serve.ts";
import { findTests } from "./find-tests.ts";
import { junitOf } from "./junit.ts";
import { readTestProject } from "./project.ts";
import { Report } from "./report.ts";
import { TestRunner } from "./runner.ts";
import { watchTests } from "./watch.ts";

const REPORTERS: readonly string[] = ["default", "verbose", "junit"];
const DEFAULT_TIMEOUT_MS = 5_000;

export const test: Command = {
  name: "test",
  summary: "Run an app's tests inside isolates",
  usage: "test [files] [flags]",
  examples: ["nano test", "nano test api --watch", "nano test -t answers", "nano test --reporter junit --outfile report.xml"],
  flags: {
    "test-name-pattern": { type: "string", short: "t", value: "pattern", help: "only tests whose name, with those of their suites, matches this regular expression" },
    timeout: { type: "string", value: "ms", help: `time, and CPU time, that a test may take; else ${DEFAULT_TIMEOUT_MS}` },
    bail: { type: "boolean", help: "stop at the first failure" },
    watch: { type: "boolean", short: "w", help: "run again what a change concerns, until Ctrl+C" },
    reporter: { type: "string", value: "name", help: `${REPORTERS.join(", ")}; else default` },
    outfile: { type: "string", value: "file", help: "where the reporter writes, in place of the terminal" },
    config: { type: "string", short: "c", value: "file", help: "config file; else NANO_CONFIG, ./nano.json, or the app in the working directory" },
    var: { type: "string", value: "KEY=VALUE", isList: true, help: "a variable for the env of every app; wins over .env files, .dev.vars and the config" },
    env: { type: "string", short: "e", value: "name", help: "the environment: env.<name> of a wrangler file, .dev.vars.<name>, .env.<name>" },
    mode: { type: "string", value: "name", help: "which .env.<name> to read besides .env; else test" },
    "pass-with-no-tests": { type: "boolean", help: "finding no test file is no failure" },
  },
  maxPositionals: 1_000,
  run: (args, context) => withEngine(argvOf("test", args), context, () => run(args, context)),
};

async function run(args: Arguments, context: CommandContext): Promise<number> {
  const { terminal } = context;
  const [pattern, timeoutMs, reporter] = [patternOf(args), timeoutOf(args), reporterOf(args)];
  const readProject = () => readTestProject(args.text("config"), devEnvOf(args, "test"), context);
  const project = await readProject();
  const find = () => findTests(project.root, terminal.cwd, args.positionals);
  const files = await find();
  if (files.length === 0 && !args.isSet("watch")) {
    terminal.err("there are no tests here: nano test looks for files named *.test.ts (or .js, .tsx, .jsx, .mjs)\n");
    return args.isSet("pass-with-no-tests") ? EXIT.ok : EXIT.failure;
  }
  const runner = new TestRunner({ project, artifacts: await loadArtifacts(await context.artifacts()), pattern, timeoutMs, bails: args.isSet("bail"), tellFault: terminal.err });
  const report = new Report({ hasColor: terminal.hasColor, isVerbose: reporter === "verbose" });
  const outfile = args.text("outfile");
  const publish = async (results: readonly FileResult[], ms: number) => {
    if (reporter === "junit") await write(junitOf(results, ms), outfile, context);
  };
  if (args.isSet("watch")) return watchTests({ runner, report, terminal, find, readProject, publish });
  const isShown = outfile !== undefined || reporter !== "junit";
  const started = performance.now();
  const results: FileResult[] = [];
  for (const file of files) {
    const result = await runner.run(file);
    results.push(result);
    if (isShown) terminal.out(report.file(result));
    if (args.isSet("bail") && hasFailed(result)) break;
  }
  const ms = performance.now() - started;
  if (isShown) terminal.out(report.summary(results, ms));
  await publish(results, ms);
  return results.some(hasFailed) ? EXIT.failure : EXIT.ok;
}

async function write(text: string, outfile: string | undefined, { terminal }: CommandContext): Promise<void> {
  if (outfile === undefined) {
    terminal.out(text);
    return;
  }
  const path = resolve(terminal.cwd, outfile);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  terminal.out(`  written to ${relative(terminal.cwd, path)}\n`);
}

function patternOf(args: Arguments): RegExp | null {
  const text = args.text("test-name-pattern");
  if (text === undefined) return null;
  try {
    return new RegExp(text, "i");
  } catch (error) {
    throw new UsageError(`--test-name-pattern is no regular expression: ${(error as Error).message}`);
  }
}

function timeoutOf(args: Arguments): number {
  const text = args.text("timeout");
  if (text === undefined) return DEFAULT_TIMEOUT_MS;
  const ms = Number(text);
  if (!/^\d{1,7}$/.test(text) || ms < 1) throw new UsageError(`--timeout takes milliseconds, 1 to 9999999, not ${JSON.stringify(text)}`);
  return ms;
}

function reporterOf(args: Arguments): string {
  const name = args.text("reporter") ?? "default";
  if (!REPORTERS.includes(name)) throw new UsageError(`--reporter is one of ${REPORTERS.join(", ")}, not ${JSON.stringify(name)}`);
  return name;
}
