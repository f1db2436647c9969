/** A program on a terminal of its own, as somebody who sits before it has it. */
import { NANO } from "./nano.ts";

const ICANON = 2;
const ECHO = 8;

export class TerminalProcess {
  readonly #child: Bun.Subprocess;
  readonly #terminal: Bun.Terminal;
  #out = "";

  private constructor(child: Bun.Subprocess, terminal: Bun.Terminal, onData: (listener: (text: string) => void) => void) {
    this.#child = child;
    this.#terminal = terminal;
    onData((text) => {
      this.#out += text;
    });
  }

  /** `env` is all there is besides what a shell gives. */
  static start(command: readonly string[], { cwd, env = {}, columns = 100 }: { readonly cwd: string; readonly env?: Readonly<Record<string, string>>; readonly columns?: number }): TerminalProcess {
    let listener: (text: string) => void = () => {};
    const decoder = new TextDecoder();
    const child = Bun.spawn([...command], {
      cwd,
      env: { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "", TERM: "xterm", ...env },
      // Made by spawn, it is the one that controls the child.
      terminal: { cols: columns, rows: 40, data: (_terminal, bytes) => listener(decoder.decode(bytes, { stream: true })) },
    });
    return new TerminalProcess(child, child.terminal as Bun.Terminal, (onData) => {
      listener = onData;
    });
  }

  /** `nano` with `args`, which says where it listens. */
  static async nano(args: readonly string[], options: { readonly cwd: string; readonly env?: Readonly<Record<string, string>>; readonly columns?: number }): Promise<TerminalProcess> {
    const running = TerminalProcess.start([NANO, ...args], options);
    await running.waitFor(() => running.port > 0, "the listen line");
    return running;
  }

  /** Everything that has been written, line ends as the program wrote them. */
  get out(): string {
    return this.#out.replaceAll("\r\n", "\n");
  }
  /** Without colours. */
  get text(): string {
    return this.out.replace(/\u001b\[[\d;]*m/g, "");
  }
  get port(): number {
    return Number(/https?:\/\/[^\s"]*:(\d+)/.exec(this.#out)?.[1] ?? 0);
  }
  /** Whether the terminal hands over whole lines and shows what is typed, as it does in a shell. */
  get hasLines(): boolean {
    return (this.#terminal.localFlags & (ICANON | ECHO)) === (ICANON | ECHO);
  }

  type(keys: string): void {
    this.#terminal.write(keys);
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  async get(path: string): Promise<string> {
    return (await fetch(`http://127.0.0.1:${this.port}${path}`)).text();
  }

  /** Polls until `look` is true, for 10 s at most. */
  async waitFor(look: () => boolean, what: string): Promise<void> {
    for (let i = 0; i < 2_000 && !look(); i++) await Bun.sleep(5);
    if (!look()) throw new Error(`${what} did not come:\n${this.#out.slice(-3000)}`);
  }

  async exited(): Promise<number | null> {
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), 10_000);
    await this.#child.exited;
    clearTimeout(timer);
    return this.#child.exitCode;
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
    this.#terminal.close();
  }
}
