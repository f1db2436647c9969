/**
 * Follows docs/getting-started.md as a newcomer would, in an empty folder: types its commands, saves its files, compares what it shows. The port alone is another one.
 * ```sh: commands; those that serve go on until the text says Ctrl+C. ```lang path: a file to save. ```text: what the commands before it print, line by line, as far as it is said.
 */
import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { ROOT, temporaryFolder } from "../harness/nano.ts";

const PAGE = join(ROOT, "docs/getting-started.md");
const SAID_PORT = ":3000";

type Step = { readonly kind: "run"; readonly commands: readonly string[] } | { readonly kind: "save"; readonly path: string; readonly text: string } | { readonly kind: "show"; readonly lines: readonly string[] } | { readonly kind: "interrupt" } | { readonly kind: "checkout"; readonly text: string };

function stepsOf(page: string): readonly Step[] {
  return [...page.matchAll(/^```(\S*) ?([^\n]*)\n([\s\S]*?)^```$|Press Ctrl\+C/gm)].map(([whole, language = "", rest = "", text = ""]): Step => {
    if (!whole.startsWith("```")) return { kind: "interrupt" };
    if (language === "sh" && rest === "checkout") return { kind: "checkout", text };
    if (language === "sh") return { kind: "run", commands: text.trim().split("\n") };
    if (language === "text") return { kind: "show", lines: text.trim().split("\n") };
    if (rest === "") throw new Error(`a block of the page says neither which file it is nor that it is run:\n${whole}`);
    return { kind: "save", path: rest, text };
  });
}

class Reader {
  readonly #env: Readonly<Record<string, string>>;
  readonly #port: number;
  #cwd: string;
  #running: { readonly child: Bun.Subprocess<"ignore", "pipe", "pipe">; out: string } | null = null;
  #again: (() => Promise<string>) | null = null;
  #printed = "";

  constructor(folder: string, port: number) {
    this.#cwd = folder;
    this.#port = port;
    // What a shell of the reader's would have.
    this.#env = { PATH: `${join(ROOT, "dist")}:${process.env["PATH"]}`, HOME: folder, XDG_RUNTIME_DIR: folder, NANO_PORT: String(port) };
  }

  async take(step: Step): Promise<void> {
    if (step.kind === "checkout") expect(step.text).toBe('npm install && npm run build\nexport PATH="$PWD/dist:$PATH"\n');
    else if (step.kind === "save") await Bun.write(join(this.#cwd, step.path), step.text);
    else if (step.kind === "interrupt") expect(await this.interrupt()).toBe(0);
    else if (step.kind === "show") await this.#compare(step.lines);
    else {
      this.#printed = "";
      for (const command of step.commands) await this.#type(command);
      this.#again = step.commands.every((command) => command.startsWith("curl ")) ? async () => (await Promise.all(step.commands.map((command) => this.#run(command)))).join("") : null;
    }
  }

  async interrupt(): Promise<number | null> {
    const running = this.#running;
    this.#running = null;
    running?.child.kill("SIGINT");
    await running?.child.exited;
    return running?.child.exitCode ?? null;
  }

  async #type(command: string): Promise<void> {
    const [, folder] = /^cd (\S+)$/.exec(command) ?? [];
    if (folder !== undefined) this.#cwd = join(this.#cwd, folder);
    else if (/^nano (dev|serve)\b/.test(command)) await this.#start(command);
    else this.#printed += await this.#run(command);
  }

  async #start(command: string): Promise<void> {
    expect(this.#running).toBeNull();
    const child = Bun.spawn(["sh", "-c", `exec ${command}`], { cwd: this.#cwd, env: this.#env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
    const running = { child, out: "" };
    this.#running = running;
    const read = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
      const decoder = new TextDecoder();
      for await (const chunk of stream) running.out += decoder.decode(chunk, { stream: true });
    };
    void read(child.stdout);
    void read(child.stderr);
    await until(() => running.out.includes("listening") || child.exitCode !== null);
    expect(child.exitCode === null ? "" : running.out).toBe("");
  }

  async #run(command: string): Promise<string> {
    const child = Bun.spawn(["sh", "-c", command.replaceAll(SAID_PORT, `:${this.#port}`)], { cwd: this.#cwd, env: this.#env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
    const [out, err, code] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited]);
    if (code !== 0) throw new Error(`${command} ended with ${code}:\n${out}${err}`);
    return out + err;
  }

  /** Whoever asks the moment after a save may ask again. */
  async #compare(lines: readonly string[]): Promise<void> {
    const wanted = lines.map((line) => line.replaceAll(SAID_PORT, `:${this.#port}`));
    const shown = (): string => this.#printed + (this.#again === null ? (this.#running?.out ?? "") : "");
    for (let i = 0; i < 200 && !isShown(wanted, shown()); i++) {
      await Bun.sleep(10);
      if (this.#again !== null) this.#printed = await this.#again();
    }
    if (!isShown(wanted, shown())) throw new Error(`the page says:\n${wanted.join("\n")}\nbut there was:\n${shown()}`);
  }
}

function isShown(wanted: readonly string[], shown: string): boolean {
  let at = 0;
  return wanted.every((line) => {
    const found = shown.indexOf(line, at);
    at = found + line.length;
    return found >= 0;
  });
}

async function until(look: () => boolean): Promise<void> {
  for (let i = 0; i < 2_000 && !look(); i++) await Bun.sleep(5);
  expect(look()).toBe(true);
}

function freePort(): number {
  const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  server.stop(true);
  return server.port;
}

test("docs/getting-started.md can be followed to the letter", async () => {
  const steps = stepsOf(await Bun.file(PAGE).text());
  expect(steps.filter(({ kind }) => kind === "run").length).toBeGreaterThan(5);
  const reader = new Reader(await temporaryFolder({}), freePort());
  try {
    for (const step of steps) await reader.take(step);
  } finally {
    await reader.interrupt();
  }
}, 60_000);

test("links of that page and of the index lead somewhere", async () => {
  for (const page of [PAGE, join(ROOT, "docs/README.md"), join(ROOT, "README.md")])
    for (const [, target = ""] of (await Bun.file(page).text()).matchAll(/\]\((?!https?:)([^)#\s]+)[^)]*\)/g)) expect([page, target, existsSync(join(dirname(page), target))]).toEqual([page, target, true]);
});
