/**
 * SIGTERM under load, round after round: what was begun before the signal, and every request on a kept-alive connection that could be asked to leave and was not, has to be answered whole, and
 * nano has to exit with 0 within its drain limit. `bun scripts/sigterm-rounds.ts [rounds]`; ends with one line and 1 when anything failed.
 */
import { connect, type Socket } from "node:net";
import { NanoProcess } from "../tests/harness/nano.ts";

const APP = `
const encoder = new TextEncoder();
const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export default { async fetch(request, env, ctx) {
  const { pathname } = new URL(request.url);
  if (pathname === "/slow") await later(200);
  if (pathname === "/stream") {
    let n = 0;
    return new Response(new ReadableStream({ async pull(c) { await later(40); c.enqueue(encoder.encode("chunk")); if (++n === 5) c.close(); } }));
  }
  if (pathname === "/later") ctx.waitUntil(later(100));
  return new Response("hello from " + pathname);
} };`;
const PATHS = ["/", "/slow", "/stream", "/later", "/"] as const;
const HOSTS = ["a.test", "b.test", "c.test", "d.test"] as const;
const KEPT_ALIVE = 12;
const FRESH = 6;
const BEFORE_SIGNAL_MS = 400;
const DRAIN_MS = 5_000;
const EXIT_LIMIT_MS = DRAIN_MS + 1_000;

interface Round {
  readonly answered: number;
  readonly failures: readonly string[];
}

class Client {
  readonly #port: number;
  readonly #keepsAlive: boolean;
  readonly #seed: number;
  answered = 0;
  readonly failures: string[] = [];
  #isOver = false;
  /** When the signal was sent, on the clock of `performance.now()`. */
  signalledMs = Number.POSITIVE_INFINITY;

  constructor(port: number, keepsAlive: boolean, seed: number) {
    this.#port = port;
    this.#keepsAlive = keepsAlive;
    this.#seed = seed;
  }

  async run(): Promise<void> {
    for (let n = this.#seed; !this.#isOver; ) {
      const connection = await Connection.open(this.#port);
      // Nobody accepts any more: nothing was begun.
      if (connection === null) return;
      do {
        const startedMs = performance.now();
        const path = PATHS[n % PATHS.length] as string;
        const text = await connection.ask(HOSTS[n++ % HOSTS.length] as string, path, this.#keepsAlive);
        const isWhole = text !== null && /^HTTP\/1\.1 200 /.test(text);
        if (isWhole) this.answered++;
        // A new connection that the closing port still took in is nobody's promise; see docs/operations.md.
        else if (startedMs < this.signalledMs || connection.answers > 0) this.failures.push(`${path} ${this.#keepsAlive ? "kept alive" : "fresh"}, ${Math.round(startedMs - this.signalledMs)} ms after the signal: ${text === null ? "cut" : text.slice(0, 60)}`);
        if (!isWhole) this.#isOver = true;
        // The head of a stream that began before the signal could not ask to leave: its connection ends with it.
        if (path === "/stream" && startedMs < this.signalledMs && performance.now() > this.signalledMs) break;
      } while (!this.#isOver && this.#keepsAlive && connection.mayGoOn);
      connection.close();
    }
  }

  stop(): void {
    this.#isOver = true;
  }
}

class Connection {
  readonly #socket: Socket;
  #text = "";
  #isClosed = false;
  #wake: () => void = () => {};
  answers = 0;
  mayGoOn = true;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (data) => {
      this.#text += data.toString("latin1");
      this.#wake();
    });
    const end = () => {
      this.#isClosed = true;
      this.#wake();
    };
    socket.on("close", end).on("error", end).on("end", end);
  }

  static open(port: number): Promise<Connection | null> {
    return new Promise((resolve) => {
      const socket = connect({ port, host: "127.0.0.1", noDelay: true });
      socket.once("error", () => resolve(null));
      socket.once("connect", () => resolve(new Connection(socket)));
    });
  }

  /** The whole answer; null when the connection ends before it does. */
  async ask(host: string, path: string, keepsAlive: boolean): Promise<string | null> {
    this.#text = "";
    this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${keepsAlive ? "" : "Connection: close\r\n"}\r\n`);
    while (!isWhole(this.#text)) {
      if (this.#isClosed) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.answers++;
    this.mayGoOn = keepsAlive && !/\r\nconnection: close\r\n/i.test(this.#text) && !this.#isClosed;
    return this.#text;
  }

  close(): void {
    this.#socket.destroy();
  }
}

function isWhole(text: string): boolean {
  const head = text.indexOf("\r\n\r\n");
  if (head < 0) return false;
  const length = /\r\ncontent-length: (\d+)\r\n/i.exec(text.slice(0, head + 2))?.[1];
  return length === undefined ? text.endsWith("0\r\n\r\n") && text.length > head + 4 : text.length >= head + 4 + Number(length);
}

async function round(number: number): Promise<Round> {
  const apps = HOSTS.map((hostname) => ({ hostname, path: "./app.js" }));
  const nano = await NanoProcess.serve({ drain_ms: DRAIN_MS, apps }, { "app.js": APP }).catch(() => null);
  if (nano === null) return { answered: 0, failures: [`round ${number}: nano did not start`] };
  const clients = Array.from({ length: KEPT_ALIVE + FRESH }, (_, i) => new Client(nano.port, i < KEPT_ALIVE, number + i));
  const running = clients.map((client) => client.run());
  await Bun.sleep(BEFORE_SIGNAL_MS + (number % 10) * 13);
  const signalledMs = performance.now();
  for (const client of clients) client.signalledMs = signalledMs;
  nano.signal("SIGTERM");
  const exitCode = await nano.exited();
  const tookMs = performance.now() - signalledMs;
  for (const client of clients) client.stop();
  await Promise.all(running);
  const failures = clients.flatMap((client) => client.failures);
  if (exitCode !== 0) failures.push(`exit code ${exitCode}`);
  if (tookMs > EXIT_LIMIT_MS) failures.push(`exit after ${Math.round(tookMs)} ms`);
  return { answered: clients.reduce((sum, { answered }) => sum + answered, 0), failures: failures.map((failure) => `round ${number}: ${failure}`) };
}

/** Runs so many rounds, one after the other. */
export async function sigtermRounds(rounds: number): Promise<Round> {
  let answered = 0;
  const failures: string[] = [];
  for (let number = 1; number <= rounds; number++) {
    const one = await round(number);
    answered += one.answered;
    failures.push(...one.failures);
  }
  return { answered, failures };
}

if (import.meta.main) {
  const rounds = Number(process.argv[2] ?? 50);
  const { answered, failures } = await sigtermRounds(rounds);
  for (const failure of failures.slice(0, 20)) console.log(failure);
  console.log(`${rounds} rounds of SIGTERM under load: ${answered} requests answered, ${failures.length} failed`);
  process.exit(failures.length === 0 ? 0 : 1);
}
