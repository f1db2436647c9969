/** `nano repl`: reads, evaluates, prints, in one isolate that lives as long as the session. */
import type { ScriptResult } from "../apps/script.ts";
import { EXIT } from "../errors.ts";
import type { Arguments, Command, CommandContext } from "./command.ts";
import { withEngine } from "./reexec.ts";
import { openScript, report } from "./script-runner.ts";
import { argvOf } from "./serve.ts";
import { isScript, isSyntax, isUnfinished } from "./syntax.ts";

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
  const [prompt, further] = terminal.isInteractive ? ["> ", "… "] : ["", ""];
  const evaluateAndPrint = async (code: string) => void report(withoutOwnFrames(await script.run(moduleOf(code), FILE)), terminal);
  let code = "";
  if (terminal.isInteractive) terminal.out("nano: type code, or .help\n");
  terminal.out(prompt);
  try {
    for await (const line of terminal.lines(prompt)) {
      const word = line.trim();
      if (word === ".exit") return EXIT.ok;
      if (word === ".help") terminal.out(HELP);
      else code += `${line}\n`;
      if (code.trim() === "") code = "";
      else if (!isUnfinished(code)) {
        await evaluateAndPrint(code.trim());
        code = "";
      }
      terminal.out(code === "" ? prompt : further);
    }
    if (code !== "") await evaluateAndPrint(code.trim());
  } finally {
    close();
  }
  return EXIT.ok;
}

/** Declarations become properties of the global, so that the next line finds them. */
function moduleOf(code: string): string {
  return `const value = await (0, eval)(${JSON.stringify(scriptOf(code))}); globalThis._ = value; console.dir(value);`;
}

function scriptOf(code: string): string {
  if (code.startsWith("{") && isScript(`(${code}\n)`)) return `(${code}\n)`;
  const lasting = code.replace(/^(?:let|const)\s+(?=[\w$[{])/, "var ").replace(/^class\s+(?!extends\b)([\w$]+)/, "var $1 = class $1");
  if (isScript(lasting)) return lasting;
  const expression = lasting.replace(/^var\s+/, "").replace(/;$/, "");
  return isSyntax(`(${expression}\n)`) ? `(async () => (${expression}\n))()` : `(async () => {${lasting}\n})()`;
}

/** Without the frames between the line that was typed and the module around it. */
function withoutOwnFrames(result: ScriptResult): ScriptResult {
  return result.isOk || result.failure === null ? result : { ...result, failure: { ...result.failure, stack: result.failure.stack.replace(OWN_FRAMES, "") } };
}

const FILE = "repl.js";
const OWN_FRAMES = / {4}at eval \(native\)\n {4}at <anonymous> \(repl\.js:\d+:\d+\)\s*$/;
