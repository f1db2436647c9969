/** `nano test`: runs an app's tests inside isolates, against the app in isolates of its own. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, relative, resolve } from "node:path";
import { type Bundle, loadBundle, type LoadBundle } from "../../apps/load/bundle.ts";
import { loadArtifacts, type LoadedArtifacts } from "../../artifacts.ts";
import { EXIT } from "../../errors.ts";
import { type FileResult, hasFailed } from "../../testing/results.ts";
import { runTestFile } from "../../testing/test-file.ts";
import { type Arguments, type Command, type CommandContext, UsageError } from "../command.ts";
import { devEnvOf } from "../dev/project.ts";
import { withEngine } from "../reexec.ts";
import { argvOf } from "../serve.ts";
import { findTests } from "./find-tests.ts";
import { junitOf } from "./junit.ts";
import { appBeside, type Project, readTestProject } from "./project.ts";
import { Report } from "./report.ts";

const REPORTERS: readonly string[] = ["default", "verbose", "junit"];
const DEFAULT_TIMEOUT_MS = 5_000;

export const test: Command = {
  name: "test",
  summary: "Run an app's tests inside isolates",
  usage: "test [files] [flags]",
  examples: ["nano test", "nano test api --watch", 'nano test -t "answers"', "nano test --reporter junit --outfile report.xml"],
  flags: {
    "test-name-pattern": { type: "string", short: "t", value: "pattern", help: "only tests whose name, with those of their suites, matches this regular expression" },
    timeout: { type: "string", value: "ms", help: `time, and CPU time, that a test may take; else ${DEFAULT_TIMEOUT_MS}` },
    bail: { type: "boolean", help: "stop at the first failure" },
    watch: { type: "boolean", short: "w", help: "run again what a change concerns, until Ctrl+C" },
    reporter: { type: "string", value: "name", help: `${REPORTERS.join(", ")}; else default` },
    outfile: { type: "string", value: "file", help: "where the reporter writes, in place of the terminal" },
    config: { type: "string", short: "c", value: "file", help: "config file; else NANO_CONFIG, ./nano.json, or the app in the working directory" },
    var: { type: "string", value: "KEY=VALUE", isList: true, help: "a variable for the env of every app; wins over .env files, .dev.vars and the config" },
    mode: { type: "string", value: "name", help: "which .env.<name> to read besides .env; else test" },
    "pass-with-no-tests": { type: "boolean", help: "finding no test file is no failure" },
  },
  maxPositionals: 1_000,
  run: (args, context) => withEngine(argvOf("test", args), context, () => run(args, context)),
};

interface Options {
  readonly project: Project;
  readonly artifacts: LoadedArtifacts;
  readonly pattern: RegExp | null;
  readonly timeoutMs: number;
  readonly bails: boolean;
  readonly reporter: string;
}

async function run(args: Arguments, context: CommandContext): Promise<number> {
  const { terminal } = context;
  const [pattern, timeoutMs, reporter] = [patternOf(args), timeoutOf(args), reporterOf(args)];
  const project = await readTestProject(args.text("config"), devEnvOf(args, "test"), context);
  const files = await findTests(project.root, terminal.cwd, args.positionals);
  if (files.length === 0) {
    terminal.err("there are no tests here: nano test looks for files named *.test.ts (or .js, .tsx, .jsx, .mjs)\n");
    return args.isSet("pass-with-no-tests") ? EXIT.ok : EXIT.failure;
  }
  const options: Options = { project, artifacts: loadArtifacts(await context.artifacts()), pattern, timeoutMs, bails: args.isSet("bail"), reporter };
  const started = performance.now();
  const report = new Report({ hasColor: terminal.hasColor, isVerbose: reporter === "verbose" });
  const outfile = args.text("outfile");
  const isShown = outfile !== undefined || reporter !== "junit";
  const results: FileResult[] = [];
  const load = remembering(loadBundle);
  for (const file of files) {
    const result = await runOne(file, options, load, terminal.err);
    results.push(result);
    if (isShown) terminal.out(report.file(result));
    if (options.bails && hasFailed(result)) break;
  }
  const ms = performance.now() - started;
  if (isShown) terminal.out(report.summary(results, ms));
  if (reporter === "junit") await write(junitOf(results, ms), outfile, context);
  return results.some(hasFailed) ? EXIT.failure : EXIT.ok;
}

function runOne(path: string, { project, artifacts, pattern, timeoutMs, bails }: Options, load: LoadBundle, tell: (text: string) => void): Promise<FileResult> {
  const { config, root } = project;
  return runTestFile({
    artifacts, config, root, path, pattern, timeoutMs, bails,
    app: appBeside(path, config.apps),
    loadBundle: load,
    onTest() {},
    onFault: (error) => tell(`nano itself failed; this is a defect. ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`),
  });
}

/** Every file of a run meets the same apps: they are bundled once. */
function remembering(load: LoadBundle): LoadBundle {
  const known = new Map<string, Promise<Bundle>>();
  return (path, limits, nodeModules) => {
    const key = JSON.stringify([path, limits]);
    const bundle = known.get(key) ?? load(path, limits, nodeModules);
    known.set(key, bundle);
    return bundle;
  };
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
