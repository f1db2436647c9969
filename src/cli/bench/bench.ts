/** `nano bench`: what a request costs an app, exactly, and whether that is within a budget. */
import { readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { loadArtifacts } from "../../artifacts.ts";
import type { Config } from "../../config/config.ts";
import { EXIT, OperatorError } from "../../errors.ts";
import { type Arguments, type Command, type CommandContext, didYouMean, UsageError } from "../command.ts";
import { createPaint } from "../dev/paint.ts";
import { flameGraphPage } from "../dev/profile/flame-graph.ts";
import { profileLines } from "../dev/profile/report.ts";
import { readProjectAt } from "../project.ts";
import { withEngine } from "../reexec.ts";
import { argvOf } from "../serve.ts";
import { Bench, BenchError, type BenchRequest } from "./measure.ts";
import { type Budget, jsonOf, overspent, pageOf } from "./report.ts";

const ISOLATES = 100;
const MOST_ISOLATES = 10_000;

export const bench: Command = {
  name: "bench",
  summary: "Measure what a request costs an app: fuel, CPU, memory, activation",
  usage: "bench [app|config] [flags]",
  examples: ["nano bench app.js", "nano bench app.js --path /api/items?page=2 --header 'accept: text/html'", "nano bench app.js --method POST --body @order.json --json", "nano bench app.js --max-fuel 400000    # for CI: exit code 1 when a request burns more"],
  flags: {
    app: { type: "string", short: "a", value: "name", help: "which app of a config with several" },
    env: { type: "string", short: "e", value: "name", help: "the environment of a wrangler file" },
    path: { type: "string", value: "path", help: "path and query of the request; else /" },
    method: { type: "string", short: "X", value: "method", help: "else GET, or POST with a body" },
    header: { type: "string", short: "H", value: "name: value", help: "a header field; may be given several times", isList: true },
    body: { type: "string", short: "d", value: "text", help: "body of the request; @file reads a file" },
    isolates: { type: "string", short: "n", value: "number", help: `fresh isolates that are asked twice each; else ${ISOLATES}` },
    json: { type: "boolean", help: "print JSON" },
    profile: { type: "boolean", help: "tell which functions burn the fuel of a request" },
    "profile-file": { type: "string", value: "file", help: "write that as a flame graph" },
    "max-fuel": { type: "string", value: "fuel", help: "exit code 1 when any request but an isolate's first burns more" },
    "max-first-fuel": { type: "string", value: "fuel", help: "exit code 1 when the first request of any isolate burns more" },
    "max-memory": { type: "string", value: "MB", help: "exit code 1 when an isolate has more linear memory" },
  },
  maxPositionals: 1,
  run: (args, context) => withEngine(argvOf("bench", args), context, () => run(args, context)),
};

async function run(args: Arguments, context: CommandContext): Promise<number> {
  const { terminal } = context;
  const memoryMb = readCount(args, "max-memory");
  const budget: Budget = { fuel: readCount(args, "max-fuel"), firstFuel: readCount(args, "max-first-fuel"), memoryBytes: memoryMb === null ? null : memoryMb * (1 << 20) };
  const isolates = readCount(args, "isolates") ?? ISOLATES;
  if (isolates < 1 || isolates > MOST_ISOLATES) throw new UsageError(`--isolates is a number from 1 to ${MOST_ISOLATES}`);
  const request = await readRequest(args, terminal.cwd);
  const config = withApp(await readProjectAt(args.positionals[0], context, { command: "bench", environment: args.text("env") }), args.text("app"));
  const artifacts = await loadArtifacts(await context.artifacts());
  using measuring = new Bench(artifacts, config, request);
  try {
    const measured = await measuring.run(isolates);
    terminal.out(args.isSet("json") ? jsonOf(measured, request) : pageOf(measured, request));
    if (args.isSet("profile") || args.text("profile-file") !== undefined) await tellProfile(new Bench(artifacts, config, request, true), args, context);
    const over = overspent(measured, budget);
    for (const text of over) terminal.err(`${text}\n`);
    return over.length === 0 ? EXIT.ok : EXIT.failure;
  } catch (error) {
    if (!(error instanceof BenchError)) throw error;
    terminal.err(`${error.message}\n`);
    return EXIT.failure;
  }
}

function withApp(config: Config, name: string | undefined): Config {
  const { apps } = config;
  const names = apps.map((app) => app.name);
  if (name === undefined && apps.length > 1) throw new UsageError(`which of the ${apps.length} apps? --app ${names.slice(0, 5).join(", --app ")}${names.length > 5 ? ", …" : ""}`);
  const app = name === undefined ? apps[0] : apps.find((one) => one.name === name);
  if (app === undefined) throw new UsageError(`there is no app ${name ?? ""}${name === undefined ? "" : didYouMean(name, names)}`);
  return { ...config, apps: [app] };
}

async function tellProfile(bench: Bench, args: Arguments, { terminal }: CommandContext): Promise<void> {
  using profiling = bench;
  const profiled = await profiling.profile();
  if (args.isSet("profile")) (args.isSet("json") ? terminal.err : terminal.out)(profileLines(profiled.profile, createPaint(terminal.hasColor)));
  const file = args.text("profile-file");
  if (file !== undefined) await writeFile(resolve(terminal.cwd, file), flameGraphPage([profiled]));
}

async function readRequest(args: Arguments, cwd: string): Promise<BenchRequest> {
  const body = await readBody(args.text("body"), cwd);
  const path = args.text("path") ?? "/";
  if (!path.startsWith("/")) throw new UsageError(`--path begins with /, not ${JSON.stringify(path)}`);
  const method = args.text("method")?.toUpperCase() ?? (body === null ? "GET" : "POST");
  if (body !== null && (method === "GET" || method === "HEAD")) throw new UsageError(`a ${method} request has no body`);
  return { method, path, headers: args.texts("header").map(readHeader), body };
}

function readHeader(text: string): readonly [name: string, value: string] {
  const [, name, value] = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined || /[\r\n\0]/.test(value)) throw new UsageError(`--header is "name: value", not ${JSON.stringify(text)}`);
  return [name, value];
}

async function readBody(text: string | undefined, cwd: string): Promise<BenchRequest["body"]> {
  if (text === undefined) return null;
  if (!text.startsWith("@")) return new TextEncoder().encode(text);
  const file = text.slice(1);
  try {
    return new Uint8Array(await readFile(resolve(cwd, file)));
  } catch (error) {
    throw new OperatorError({ file, message: `the body cannot be read (${(error as { code?: string }).code ?? String(error)})`, hint: "name a file that is there: --body @order.json" });
  }
}

function readCount(args: Arguments, flag: string): number | null {
  const text = args.text(flag);
  if (text === undefined) return null;
  const count = Number(text.replaceAll("_", ""));
  if (!/^\d[\d_]*$/.test(text) || !Number.isSafeInteger(count)) throw new UsageError(`--${flag} is a whole number, not ${JSON.stringify(text)}`);
  return count;
}
