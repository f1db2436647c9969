/** Asks a running nano over its admin API. Finds it by the same rule by which it chose its socket. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { isLive } from "../admin/socket-file.ts";
import { knownSockets, socketOfFile } from "../config/admin-socket.ts";
import { findConfig } from "../config/load.ts";
import { OperatorError, type Problem } from "../errors.ts";
import { type Arguments, type CommandContext, type Flag, UsageError } from "./command.ts";

/** What every command that talks to a running nano takes. */
export const ADMIN_FLAGS = {
  config: { type: "string", short: "c", value: "file", help: "config of the nano to talk to; else NANO_CONFIG, ./nano.json, ./config.json, else the one that runs" },
  socket: { type: "string", value: "path", help: "its admin socket" },
  url: { type: "string", value: "url", help: "its admin port, for example http://127.0.0.1:9100; needs --token-file" },
  "token-file": { type: "string", value: "file", help: "file with the token for --url" },
  json: { type: "boolean", help: "print JSON" },
} as const satisfies Readonly<Record<string, Flag>>;

interface Target {
  /** As a person would name it. */
  readonly shownAs: string;
  readonly origin: string;
  readonly init: BunFetchRequestInit;
}

interface Refusal {
  readonly error?: string;
  readonly message?: string;
  readonly problems?: readonly Problem[];
}

export class AdminClient {
  readonly #target: Target;

  private constructor(target: Target) {
    this.#target = target;
  }

  /** Throws OperatorError, UsageError. */
  static async find(args: Arguments, context: CommandContext): Promise<AdminClient> {
    return new AdminClient(args.text("url") === undefined ? socketTarget(await findSocket(args, context)) : await urlTarget(args, context.terminal.cwd));
  }

  /** Throws OperatorError with what nano says against it. */
  async ask<T>(method: string, path: string, json?: unknown): Promise<T> {
    const response = await this.#fetch(path, { method, ...(json === undefined ? {} : { body: JSON.stringify(json), headers: { "content-type": "application/json" } }) });
    const body = (await response.json().catch(() => ({}))) as T & Refusal;
    // Health that is bad is an answer, not a refusal.
    if (response.ok || body.error === undefined) return body;
    throw refused(response.status, body);
  }

  /** Null where there is no such app. */
  async askIfThere<T>(method: string, path: string): Promise<T | null> {
    const response = await this.#fetch(path, { method });
    const body = (await response.json().catch(() => ({}))) as T & Refusal;
    if (response.ok) return body;
    if (response.status === 404) return null;
    throw refused(response.status, body);
  }

  /** Server-sent events, until nano ends them. */
  async *events(path: string): AsyncGenerator<{ readonly event: string; readonly data: string }> {
    const response = await this.#fetch(path, {});
    if (!response.ok || response.body === null) throw refused(response.status, (await response.json().catch(() => ({}))) as Refusal);
    const decoder = new TextDecoder();
    let rest = "";
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    for (;;) {
      // A nano that dies cuts the stream; that is its end as well.
      const { value: chunk } = await reader.read().catch(() => ({ value: undefined }));
      if (chunk === undefined) return;
      const blocks = (rest + decoder.decode(chunk, { stream: true })).split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        const field = (name: string) => block.split("\n").filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2)).join("\n");
        const data = field("data");
        if (data !== "") yield { event: field("event"), data };
      }
    }
  }

  async #fetch(path: string, init: BunFetchRequestInit): Promise<Response> {
    const { origin, shownAs, init: own } = this.#target;
    try {
      return await fetch(origin + path, { ...own, ...init, headers: { ...(own.headers as Record<string, string>), ...(init.headers as Record<string, string>) }, redirect: "error" });
    } catch (error) {
      const { code = "unknown error" } = error as { code?: string };
      if (code === "EACCES" || code === "EPERM") throw new OperatorError({ message: `the admin socket ${shownAs} belongs to another user`, hint: "run this as the user that runs nano" });
      throw new OperatorError({ message: `no nano answers at ${shownAs} (${code})`, hint: "start it with nano serve, or name the one that runs: --config <file>, --socket <path>" });
    }
  }
}

function refused(status: number, { error = `status ${status}`, message, problems = [] }: Refusal): OperatorError {
  if (problems.length > 0) return new OperatorError(problems);
  const hint = status === 401 ? { hint: "name the file with its token: --token-file <file>" } : error === "unknown_app" ? { hint: "nano apps lists those that there are" } : {};
  return new OperatorError({ message: message ?? error, ...hint });
}

async function findSocket(args: Arguments, { terminal, environment }: CommandContext): Promise<string> {
  const { cwd } = terminal;
  const named = args.text("socket");
  if (named !== undefined && args.text("config") !== undefined) throw new UsageError("--socket and --config exclude each other: name one of them");
  if (args.text("token-file") !== undefined) throw new UsageError("--token-file goes with --url; a socket needs no token");
  if (named !== undefined) return resolve(cwd, named);
  const { runtimeFolder } = environment;
  const asked = args.text("config") ?? environment.configFile;
  const file = findConfig(cwd, asked);
  if (file !== undefined && existsSync(file)) {
    const socket = await socketOfFile(file, runtimeFolder);
    if (asked !== undefined || existsSync(socket)) return socket;
  } else if (asked !== undefined) throw new OperatorError({ file: asked, message: "there is no such file", hint: "name the config of the nano that runs, or its socket: --socket <path>" });
  const sockets = await Promise.all(knownSockets(runtimeFolder).map(async (path) => ((await isLive(path)) ? [path] : [])));
  const [one, ...others] = sockets.flat();
  if (one === undefined) throw new OperatorError({ message: "no nano of this user runs here", hint: "start one with nano serve, or name where it is: --socket <path>, --url <url> --token-file <file>" });
  if (others.length > 0) throw new OperatorError({ message: `several run: ${[one, ...others].join(", ")}`, hint: "name one of them: --socket <path>, or --config <file>" });
  return one;
}

function socketTarget(socket: string): Target {
  return { shownAs: socket, origin: "http://localhost", init: { unix: socket } };
}

async function urlTarget(args: Arguments, cwd: string): Promise<Target> {
  const text = args.text("url") as string;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== "") throw new UsageError("--url is an http or https URL without user and password, for example http://127.0.0.1:9100");
  if (args.text("socket") !== undefined || args.text("config") !== undefined) throw new UsageError("--url excludes --socket and --config: name one of them");
  const file = args.text("token-file");
  if (file === undefined) throw new UsageError("--url needs --token-file <file>");
  const token = await readFile(resolve(cwd, file), "utf8").catch((error: { code?: string }) => {
    throw new OperatorError({ file, message: `the token cannot be read (${error.code ?? "unknown error"})`, hint: "name the file that admin.token_file of the config names" });
  });
  return { shownAs: url.origin, origin: url.origin, init: { headers: { authorization: `Bearer ${token.trim()}` } } };
}
