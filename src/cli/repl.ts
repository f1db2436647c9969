/** `nano repl`: reads, evaluates, prints, in one isolate that lives as long as the session. */
import { EXIT } from "../errors.ts";
import type { Arguments, Command, CommandContext } from "./command.ts";
import { withEngine } from "./reexec.ts";
import { openScript, report } from "./script-runner.ts";
import { argvOf } from "./serve.ts";

export const repl: Command = {
  name: "repl",
  summary: "Try code in an isolate, line by line",
  usage: "repl",
  examples: ["nano repl", "echo '[1, 2].map((n) => n * 2)' | nano repl"],
  flags: {},
  maxPositionals: 0,
  run: (args, context) => withEngine(argvOf("repl", args), context, () => run(args, context)),
};

const HELP = `.help   show this
.exit   leave (also Ctrl+D)
Everything that an app has is here: fetch, URL, crypto, streams … Top-level await works; _ is the last value.
`;

async function run(_args: Arguments, context: CommandContext): Promise<number> {
  const { terminal } = context;
  const { script, close } = await openScript(context);
  const prompt = terminal.isInteractive ? "> " : "";
  if (terminal.isInteractive) terminal.out("nano: type code, or .help\n");
  terminal.out(prompt);
  try {
    for await (const line of terminal.lines(prompt)) {
      const text = line.trim();
      if (text === ".exit") break;
      if (text === ".help") terminal.out(HELP);
      else if (text !== "") report(await script.run(moduleOf(text), "repl.js"), terminal, null);
      terminal.out(prompt);
    }
  } finally {
    close();
  }
  return EXIT.ok;
}

/** Declarations become properties of the global, so that the next line finds them. */
function moduleOf(line: string): string {
  const code = line.replace(/^(let|const)\s+(?=[\w$[{])/, "var ");
  const isAwaiting = /\bawait\b/.test(code);
  const source = isAwaiting ? `(async () => (${code.replace(/^var\s+([\w$]+)\s*=/, "globalThis.$1 =")}\n))()` : code;
  return `const value = await (0, eval)(${JSON.stringify(source)}); globalThis._ = value; console.dir(value);`;
}
