/** `nano init`: a small app to start from. Asks only whom it can ask, and overwrites nothing. */
import { lstat, mkdir, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative, resolve } from "node:path";
import { parseConfig } from "../../config/parse.ts";
import { EXIT, OperatorError } from "../../errors.ts";
import { type Arguments, type Command, type CommandContext, didYouMean, type Terminal, UsageError } from "../command.ts";
import { declarationsOf } from "../types/declarations.ts";
import { filesOfTemplate, TEMPLATES } from "./templates.ts";

export const init: Command = {
  name: "init",
  summary: "Make a small app to start from",
  usage: "init [folder] [flags]",
  examples: ["nano init my-app", "nano init my-app --template api", "nano init"],
  flags: { template: { type: "string", short: "t", value: "name", help: `${TEMPLATES.map(({ name }) => name).join(", ")}; else hello` } },
  maxPositionals: 1,
  run,
};

const STANDARD_FOLDER = "nano-app";
const STANDARD_TEMPLATE = "hello";
const DECLARATIONS = "nano.d.ts";
const IGNORED = ".gitignore";

async function run(args: Arguments, context: CommandContext): Promise<number> {
  const { terminal, environment } = context;
  const asked = args.text("template");
  if (asked !== undefined) mustBeTemplate(asked);
  const [folder, template] = terminal.isInteractive ? await askFor(terminal, args.positionals[0], asked) : [args.positionals[0] ?? ".", asked ?? STANDARD_TEMPLATE];
  const root = resolve(terminal.cwd, folder);
  const written = await (await context.artifacts()).writtenFiles();
  const { files, needsInstall } = filesOfTemplate(written, template, nameOf(root), environment.npmPackages);
  const config = parseConfig(files.get("nano.json") ?? "", join(root, "nano.json"));
  const all = new Map([...files, [DECLARATIONS, declarationsOf(written, config, { hasGlobals: true })]]);
  // A fresh clone has one: what it says holds.
  if (await isThere(join(root, IGNORED))) all.delete(IGNORED);
  await mustBeFree(root, folder, [...all.keys()]);
  for (const [path, text] of all) await write(join(root, path), text);
  terminal.out(report(terminal.cwd, root, template, [...all.keys()], needsInstall, Object.keys(environment.npmPackages).length > 0));
  return EXIT.ok;
}

function report(cwd: string, root: string, template: string, paths: readonly string[], needsInstall: boolean, isOfNpm: boolean): string {
  const way = relative(cwd, root);
  const start = isOfNpm ? "npm run dev" : "nano dev";
  const next = [...(way === "" ? [] : [`cd ${/^[\w./-]+$/.test(way) ? way : `'${way.replaceAll("'", "'\\''")}'`}`]), needsInstall ? `npm install && ${start}` : start];
  return [`made from the template ${template}:`, ...paths.map((path) => `  ${join(way, path)}`), "", "next:", ...next.map((line) => `  ${line}`), ""].join("\n");
}

function mustBeTemplate(name: string): void {
  const names = TEMPLATES.map((one) => one.name);
  if (!names.includes(name)) throw new UsageError(`there is no template ${name}${didYouMean(name, names)}: there are ${names.join(", ")}`);
}

/** Of an app and of a package, whatever the folder is called. */
function nameOf(root: string): string {
  const name = basename(root).toLowerCase().replace(/[^a-z0-9-]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 63).replace(/-+$/, "");
  return name === "" ? STANDARD_FOLDER : name;
}

async function mustBeFree(root: string, folder: string, paths: readonly string[]): Promise<void> {
  const found = await lstat(root).catch(() => null);
  if (found !== null && !found.isDirectory() && !found.isSymbolicLink()) throw new OperatorError({ file: folder, message: "this is a file", hint: "name a folder: nano init my-app" });
  const taken: string[] = [];
  for (const path of paths) if (await isThere(join(root, path))) taken.push(path);
  if (taken.length > 0) throw new OperatorError({ file: folder, message: `${taken.join(", ")} ${taken.length === 1 ? "is" : "are"} there already`, hint: "nano init overwrites nothing: name a new folder, nano init my-app" });
}

const isThere = (path: string): Promise<boolean> => lstat(path).then(() => true, () => false);

async function write(path: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text, { flag: "wx" });
  } catch (error) {
    throw new OperatorError({ file: path, message: `it cannot be written (${(error as { code?: string }).code ?? "unknown error"})`, hint: "name a folder that may be written to" });
  }
}

/** What was not given. */
async function askFor(terminal: Terminal, folder: string | undefined, template: string | undefined): Promise<readonly [folder: string, template: string]> {
  if (folder !== undefined && template !== undefined) return [folder, template];
  const answers = terminal.lines("")[Symbol.asyncIterator]();
  const ask = async (question: string, standard: string): Promise<string> => {
    terminal.out(question);
    const { done, value } = await answers.next();
    if (done === true) throw new UsageError("there was no answer: name what to make, nano init my-app --template hello");
    return value.trim() === "" ? standard : value.trim();
  };
  try {
    const where = folder ?? (await ask(`Folder (${STANDARD_FOLDER}): `, STANDARD_FOLDER));
    return [where, template ?? templateOf(await ask(`${TEMPLATES.map(({ name, summary }, i) => `  ${i + 1}  ${name.padEnd(8)}${summary}\n`).join("")}Template (${STANDARD_TEMPLATE}): `, STANDARD_TEMPLATE))];
  } finally {
    await answers.return?.();
  }
}

/** By its name or its number. */
function templateOf(answer: string): string {
  const name = TEMPLATES[Number(answer) - 1]?.name ?? answer;
  mustBeTemplate(name);
  return name;
}
