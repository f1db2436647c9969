/** The process: arguments, terminal, exit code. The only file that ends it. */
import { createInterface } from "node:readline";
import { writeSync } from "node:fs";
import type { Embedded } from "./artifacts.ts";
import { LoadError } from "./apps/load/load-error.ts";
import { UsageError, type Terminal } from "./cli/command.ts";
import { runCli } from "./cli/index.ts";
import { listenToKeys } from "./cli/key-input.ts";
import { readEnvironment } from "./config/environment.ts";
import { EXIT, OperatorError } from "./errors.ts";

/** Runs nano with `argv` (without executable and script) and ends the process. */
export async function main(argv: readonly string[], artifacts: () => Promise<Embedded>): Promise<never> {
  const terminal = createTerminal();
  let code: number;
  try {
    const environment = readEnvironment();
    code = await runCli(argv, { terminal: { ...terminal, hasColor: environment.wantsColor ?? terminal.hasColor }, environment, artifacts });
  } catch (error) {
    code = explain(error, terminal);
  }
  process.exit(code);
}

function explain(error: unknown, terminal: Terminal): number {
  const mark = terminal.hasColor ? "\u001b[31merror:\u001b[39m" : "error:";
  if (error instanceof UsageError) {
    terminal.err(`${mark} ${error.message}\n  see: nano ${error.command === null ? "" : `${error.command} `}--help\n`);
    return EXIT.usage;
  }
  if (error instanceof OperatorError || error instanceof LoadError) {
    terminal.err(`${mark} ${error.message}\n`);
    return EXIT.failure;
  }
  terminal.err(`${mark} nano itself failed; this is a defect. ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return EXIT.failure;
}

function createTerminal(): Terminal {
  const isInteractive = process.stdin.isTTY === true && process.stdout.isTTY === true;
  return {
    cwd: process.cwd(),
    isInteractive,
    hasColor: process.stderr.isTTY === true && process.stdout.isTTY === true,
    out: (text) => writeAll(1, text),
    err: (text) => writeAll(2, text),
    async input() {
      if (process.stdin.isTTY === true) return "";
      const chunks: Buffer[] = [];
      for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks).toString("utf8");
    },
    onSignal(listener) {
      const onTerm = () => listener("SIGTERM");
      const onInt = () => listener("SIGINT");
      process.on("SIGTERM", onTerm);
      process.on("SIGINT", onInt);
      return () => {
        process.off("SIGTERM", onTerm);
        process.off("SIGINT", onInt);
      };
    },
    onHangup(listener) {
      process.on("SIGHUP", listener);
    },
    onInput(listener) {
      process.stdin.setEncoding("utf8");
      process.stdin.on("data", (text: string) => listener(text));
      process.stdin.on("close", () => listener(null));
      process.stdin.on("error", () => listener(null));
    },
    onKey: listenToKeys,
    columns: () => process.stdout.columns || 80,
    onFault(listener) {
      process.on("uncaughtException", listener);
      process.on("unhandledRejection", listener);
    },
    lines: (prompt) => createInterface({ input: process.stdin, output: process.stdout, prompt, terminal: isInteractive }),
    exit: (code) => process.exit(code),
  };
}

/** Whole, whatever reads it; a reader that has gone is nobody's failure. */
function writeAll(fd: number, text: string): void {
  const data = Buffer.from(text);
  for (let at = 0, tries = 0; at < data.byteLength && tries < 10_000; tries++)
    try {
      at += writeSync(fd, data, at);
    } catch (error) {
      if ((error as { code?: string }).code !== "EAGAIN") return;
      Bun.sleepSync(1);
    }
}
