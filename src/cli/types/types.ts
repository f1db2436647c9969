/** `nano types`: writes nano.d.ts beside an app, for editors and `tsc`. */
import { readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { EXIT, OperatorError } from "../../errors.ts";
import type { Arguments, Command, CommandContext } from "../command.ts";
import { devEnvOf } from "../dev/project.ts";
import { readProjectAt } from "../project.ts";
import { declarationsOf, HEADER } from "./declarations.ts";

export const types: Command = {
  name: "types",
  summary: "Write nano.d.ts: the types of the runtime and of an app's env",
  usage: "types [file|folder|config] [flags]",
  examples: ["nano types", "nano types nano.json --out src/nano.d.ts", "nano types --check"],
  flags: {
    out: { type: "string", short: "o", value: "file", help: "where to write; else nano.d.ts" },
    check: { type: "boolean", help: "write nothing, and fail when the file is not what would be written" },
    globals: { type: "boolean", help: "declare HTMLRewriter and the like; else unless the project has @cloudflare/workers-types" },
    env: { type: "string", short: "e", value: "name", help: "the environment of a wrangler file" },
    mode: { type: "string", value: "name", help: "which .env.<name> to read besides .env; else development" },
  },
  maxPositionals: 1,
  run,
};

async function run(args: Arguments, context: CommandContext): Promise<number> {
  const { terminal } = context;
  const config = await readProjectAt(args.positionals[0], context, { command: "types", watch: false, dev: { ...devEnvOf(args), namesOnly: true } });
  const path = resolve(terminal.cwd, args.text("out") ?? "nano.d.ts");
  const shown = relative(terminal.cwd, path);
  const written = await (await context.artifacts()).writtenFiles();
  const text = declarationsOf(written, config, { hasGlobals: args.choice("globals") ?? !(await hasTypesOfWorkers(dirname(path))) });
  const before = await readFile(path, "utf8").catch(() => null);
  if (args.isSet("check")) {
    if (before === text) return EXIT.ok;
    throw new OperatorError({ file: shown, message: before === null ? "there is no such file" : "it is not what the config says", hint: "run nano types" });
  }
  if (before !== null && !before.startsWith(HEADER)) throw new OperatorError({ file: shown, message: "nano types did not write this file, and does not overwrite it", hint: "name another one: nano types --out nano-types.d.ts" });
  await writeFile(path, text).catch((error: { code?: string }) => {
    throw new OperatorError({ file: shown, message: `it cannot be written (${error.code ?? "unknown error"})`, hint: "name another file: nano types --out <file>" });
  });
  terminal.out(`${before === null ? "wrote" : before === text ? "unchanged:" : "changed"} ${shown}\n`);
  return EXIT.ok;
}

/** They declare the same globals. Looked for as `tsc` would, in every node_modules above. */
async function hasTypesOfWorkers(folder: string): Promise<boolean> {
  for (let at = folder; ; at = dirname(at)) {
    if ((await stat(join(at, "node_modules/@cloudflare/workers-types")).catch(() => null)) !== null) return true;
    if (at === dirname(at)) return false;
  }
}
