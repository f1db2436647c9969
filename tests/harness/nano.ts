/** Starts the built executable as a user would, on a free loopback port, and ends it by its process id. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
export const NANO = join(ROOT, "dist", "nano");

/** What a shell of its own would have: nothing of the test's environment reaches nano. */
const XDG_RUNTIME_DIR = await mkdtemp(join(tmpdir(), "nano-run-"));
const CLEAN_ENV = { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "", XDG_RUNTIME_DIR, XDG_CACHE_HOME: join(XDG_RUNTIME_DIR, "cache") };

export interface Finished {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `nano` with `args` to its end. */
export async function nano(args: readonly string[], options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>>; readonly input?: string } = {}): Promise<Finished> {
  const child = Bun.spawn([NANO, ...args], { cwd: options.cwd ?? ROOT, env: { ...CLEAN_ENV, ...options.env }, stdin: options.input === undefined ? "ignore" : new Blob([options.input]), stdout: "pipe", stderr: "pipe", timeout: 60_000 });
  const [code, out, err] = await Promise.all([child.exited, new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code, out, err };
}

export type LogLine = Readonly<Record<string, unknown>> & { readonly event: string };

export interface ProcessOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A command that runs the one after it, such as `setpriv`. */
  readonly through?: readonly string[];
}

/** A running `nano serve` or `nano dev`. */
export class NanoProcess {
  readonly #child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  #out = "";
  #err = "";
  port = 0;

  private constructor(child: Bun.Subprocess<"ignore", "pipe", "pipe">) {
    this.#child = child;
    running.add(child);
    void child.exited.then(() => running.delete(child));
    void this.#read(child.stdout, (text) => {
      this.#out += text;
    });
    void this.#read(child.stderr, (text) => {
      this.#err += text;
    });
  }

  /** A command that goes on until it is ended, and does not listen. */
  static spawn(args: readonly string[], options: ProcessOptions = {}): NanoProcess {
    if (!existsSync(NANO)) throw new Error("dist/nano is not built: npm run build");
    return new NanoProcess(Bun.spawn([...(options.through ?? []), NANO, ...args], { cwd: options.cwd ?? ROOT, env: { ...CLEAN_ENV, ...options.env }, stdin: "ignore", stdout: "pipe", stderr: "pipe" }));
  }

  /** Resolves once it listens. */
  static async start(args: readonly string[], options: ProcessOptions = {}): Promise<NanoProcess> {
    const running = NanoProcess.spawn(args, options);
    const found = await running.waitFor(() => /(?:"port":|https?:\/\/[^\s"]*:)(\d+)/.exec(running.#out), "the listen line");
    running.port = Number(found[1]);
    return running;
  }

  /** Serves `config` (written to a folder of its own) on a free port, in one process unless it says otherwise. `files` are written beside it. */
  static async serve(config: object, files: Readonly<Record<string, string>> = {}): Promise<NanoProcess & { readonly folder: string }> {
    const folder = await temporaryFolder({ ...files, "nano.json": JSON.stringify({ port: 0, workers: 0, ...config }) });
    return Object.assign(await NanoProcess.start(["serve", "--config", join(folder, "nano.json")]), { folder });
  }

  get pid(): number {
    return this.#child.pid;
  }
  get out(): string {
    return this.#out;
  }
  get err(): string {
    return this.#err;
  }
  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }
  /** Log lines so far, of a process that logs JSON. */
  get log(): readonly LogLine[] {
    return this.#out
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line) as LogLine);
  }
  /** Of all processes that it started and that have not ended. */
  get children(): readonly number[] {
    return readFileSync(`/proc/${this.pid}/task/${this.pid}/children`, "utf8").trim().split(" ").filter((text) => text !== "").map(Number);
  }
  get rssBytes(): number {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
  }
  get openFiles(): number {
    return readdirSync(`/proc/${this.pid}/fd`).length;
  }

  request(host: string, path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.port}${path}`, { redirect: "manual", ...init, headers: { ...(init.headers as Record<string, string>), host } });
  }

  /** Polls until `look` gives something, for 10 s at most. */
  async waitFor<T>(look: () => T | null | undefined | false, what: string): Promise<T> {
    for (let i = 0; i < 2_000; i++) {
      const found = look();
      if (found) return found;
      if (!this.isAlive) break;
      await Bun.sleep(5);
    }
    throw new Error(`${what} did not come; stdout:\n${this.#out.slice(-2000)}\nstderr:\n${this.#err.slice(-2000)}`);
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Resolves with the exit code, killing the process after 10 s. */
  async exited(): Promise<number | null> {
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), 10_000);
    await this.#child.exited;
    clearTimeout(timer);
    return this.#child.exitCode;
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
  }

  async #read(stream: ReadableStream<Uint8Array>, add: (text: string) => void): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream as unknown as AsyncIterable<Uint8Array>) add(decoder.decode(chunk, { stream: true }));
  }
}

/** A folder with `files`, removed when the process that made it ends. */
export async function temporaryFolder(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "nano-test-"));
  for (const [name, text] of Object.entries(files)) await Bun.write(join(folder, name), text);
  folders.push(folder);
  return folder;
}
const folders: string[] = [];
/** A test that fails may not get to its end; its process does. */
const running = new Set<Bun.Subprocess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
  for (const folder of [...folders, CLEAN_ENV.XDG_RUNTIME_DIR]) Bun.spawnSync(["rm", "-rf", folder]);
});
