/** What a command is, and how its arguments are read. Wrong arguments are usage errors that say what was meant. */
import { parseArgs } from "node:util";
import type { Embedded } from "../artifacts.ts";
import { suggest } from "../base/suggestion.ts";
import type { Environment } from "../config/environment.ts";

export interface Flag {
  readonly type: "string" | "boolean";
  readonly short?: string;
  /** What the value is called in the help, for example `port`. */
  readonly value?: string;
  readonly help: string;
  /** May be given several times. */
  readonly isList?: boolean;
}

/** What a command gets from the process. Nothing else writes to the terminal or ends the process. */
export interface Terminal {
  readonly cwd: string;
  readonly isInteractive: boolean;
  readonly hasColor: boolean;
  out(text: string): void;
  err(text: string): void;
  /** The whole of standard input; empty when it is a terminal. */
  input(): Promise<string>;
  /** Calls `listener` for SIGINT and SIGTERM; returns how to stop listening. */
  onSignal(listener: (signal: string) => void): () => void;
  /** Calls `listener` for SIGHUP, which ends the process otherwise. */
  onHangup(listener: () => void): void;
  /** Calls `listener` with each piece of standard input as it comes, and with null at its end. */
  onInput(listener: (text: string | null) => void): void;
  /** Calls `listener` with each key, as it is pressed; returns how to have lines again. Only of an interactive terminal. */
  onKey(listener: (key: string) => void): () => void;
  /** Characters in a line, of a terminal. */
  columns(): number;
  /** Calls `listener` for errors that nobody caught: defects of ours, which must not end a process that serves. */
  onFault(listener: (error: unknown) => void): void;
  /** Ends the process at once. */
  exit(code: number): never;
  /** Lines typed at `prompt`, until end of input. */
  lines(prompt: string): AsyncIterable<string>;
}

export interface CommandContext {
  readonly terminal: Terminal;
  readonly environment: Environment;
  readonly artifacts: () => Promise<Embedded>;
}

export interface Arguments {
  /** As they were typed. */
  readonly given: readonly string[];
  readonly positionals: readonly string[];
  text(flag: string): string | undefined;
  /** Every value of a flag that may be given several times. */
  texts(flag: string): readonly string[];
  isSet(flag: string): boolean;
  /** True, false when negated with `--no-…`, undefined when absent. */
  choice(flag: string): boolean | undefined;
}

export interface Command {
  readonly name: string;
  readonly summary: string;
  /** How to call it, without `nano`. */
  readonly usage: string;
  readonly examples: readonly string[];
  readonly flags: Readonly<Record<string, Flag>>;
  /** Most positional arguments. */
  readonly maxPositionals: number;
  /** Resolves with the exit code. Long-running commands resolve when they have stopped. */
  run(args: Arguments, context: CommandContext): Promise<number>;
}

export class UsageError extends Error {
  /** Whose help tells more; null: that of nano itself. */
  command: string | null = null;
}

export const HELP_FLAG: Flag = { type: "boolean", short: "h", help: "show this help" };

export function didYouMean(given: string, known: readonly string[]): string {
  const name = suggest(given, known);
  return name === undefined ? "" : ` (did you mean ${name}?)`;
}

/** Reads `argv` as `command` declares it. Throws UsageError. */
export function readArguments(command: Command, argv: readonly string[]): Arguments {
  const flags: Readonly<Record<string, Flag>> = { ...command.flags, help: HELP_FLAG };
  const options = Object.fromEntries(Object.entries(flags).map(([name, { type, short }]) => [name, short === undefined ? { type } : { type, short }]));
  const { tokens } = parseArgs({ args: [...argv], options, allowPositionals: true, allowNegative: true, strict: false, tokens: true });
  const values = new Map<string, string | boolean>();
  const lists = new Map<string, string[]>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    const isNegated = token.rawName.startsWith("--no-") && flags[token.name] === undefined;
    const name = isNegated ? token.name.slice(3) : token.name;
    const flag = flags[name];
    if (flag === undefined) throw new UsageError(`unknown flag ${token.rawName} for nano ${command.name}${didYouMean(token.rawName, Object.keys(flags).map((known) => `--${known}`))}`);
    if (flag.type === "string" && token.value === undefined) throw new UsageError(`${token.rawName} needs a value: ${token.rawName} <${flag.value ?? "value"}>`);
    if (flag.type === "boolean" && token.value !== undefined) throw new UsageError(`${token.rawName} takes no value`);
    if (flag.isList === true) lists.set(name, [...(lists.get(name) ?? []), token.value as string]);
    values.set(name, flag.type === "boolean" ? !isNegated && !token.rawName.startsWith("--no-") : (token.value as string));
  }
  if (positionals.length > command.maxPositionals)
    throw new UsageError(`nano ${command.name} takes ${command.maxPositionals === 0 ? "no arguments" : `at most ${command.maxPositionals} argument${command.maxPositionals === 1 ? "" : "s"}`}, got: ${positionals.join(" ")}`);
  return {
    given: argv,
    positionals,
    text: (flag) => values.get(flag) as string | undefined,
    texts: (flag) => lists.get(flag) ?? [],
    isSet: (flag) => values.get(flag) === true,
    choice: (flag) => values.get(flag) as boolean | undefined,
  };
}

/** A port from a flag or a variable. 0 lets the system choose. */
export function readPort(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) throw new UsageError(`${name} must be a port, 0 to 65535, not ${JSON.stringify(text)}`);
  return port;
}

export function commandHelp(command: Command): string {
  const flags = Object.entries({ ...command.flags, help: HELP_FLAG }).map(([name, flag]) => [
    `${flag.short === undefined ? "    " : `-${flag.short}, `}--${name}${flag.type === "string" ? ` <${flag.value ?? "value"}>` : ""}`,
    flag.help,
  ] as const);
  const width = Math.max(...flags.map(([left]) => left.length)) + 2;
  return [
    command.summary,
    "",
    `Usage: nano ${command.usage}`,
    "",
    "Flags:",
    ...flags.map(([left, help]) => `  ${left.padEnd(width)}${help}`),
    "",
    "Examples:",
    ...command.examples.map((example) => `  ${example}`),
    "",
  ].join("\n");
}
