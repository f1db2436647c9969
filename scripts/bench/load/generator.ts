/**
 * The load generator's process: keep-alive connections over raw sockets, at most one request under way on each, every latency kept. It saturates
 * one core far above what any server here answers on another (about 140,000 requests/s), so that one generator serves all rows.
 * Usage: `bun generator.ts '<LoadOptions as JSON>'`; prints a LoadResult without `cpuSeconds`.
 */
import { quantile } from "../statistics.ts";
import type { LoadOptions, LoadRequest, LoadResult } from "./load.ts";
import { ResponseReader } from "./response-reader.ts";

const RECONNECT_MS = 20;
const TICK_MS = 1;

interface Connection {
  readonly reader: ResponseReader;
  /** Since when the request under way counts; null while there is none. */
  since: number | null;
  /** What of a request the socket has not taken yet. */
  unsent: Buffer | null;
}
type Socket = Bun.Socket<Connection>;

class Generator {
  readonly #options: LoadOptions;
  readonly #requests: readonly Buffer[];
  readonly #latencies: number[] = [];
  readonly #answers: Record<string, number> = {};
  readonly #idle: Socket[] = [];
  /** When requests that wait for a free connection were due. */
  readonly #waiting: number[] = [];
  readonly #startedAt = performance.now();
  readonly #until: number;
  #due = 0;
  #sent = 0;
  #inTime = 0;
  #bytes = 0;
  #underWay = 0;
  #lastAnswerAt = this.#startedAt;
  #longestGapMs = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#requests = options.requests.map((request) => encode(options.host, request));
    this.#until = this.#startedAt + options.seconds * 1000;
  }

  async run(): Promise<Omit<LoadResult, "cpuSeconds">> {
    const { connections, seconds, rate, graceMs = 0 } = this.#options;
    for (let i = 0; i < connections; i++) this.#connect();
    const pacer = rate === undefined ? undefined : setInterval(() => this.#sendDue(rate), TICK_MS);
    await Bun.sleep(seconds * 1000);
    if (rate !== undefined) this.#sendDue(rate);
    clearInterval(pacer);
    while ((this.#underWay > 0 || this.#waiting.length > 0) && performance.now() < this.#until + graceMs) await Bun.sleep(TICK_MS);
    // With requests still open the silence lasts until now; otherwise until the last of them was answered.
    const isUnanswered = this.#underWay > 0 || this.#waiting.length > 0 || this.#latencies.length === 0;
    this.#noteGap(isUnanswered ? performance.now() : this.#lastAnswerAt);
    this.#latencies.sort((a, b) => a - b);
    const missing = this.#due - this.#latencies.length;
    return {
      answers: this.#answers,
      missing,
      perSecond: this.#inTime / seconds,
      bytes: this.#bytes,
      p50: quantile(this.#latencies, 0.5, missing),
      p99: quantile(this.#latencies, 0.99, missing),
      max: quantile(this.#latencies, 1, missing),
      longestGapMs: this.#longestGapMs,
    };
  }

  get #isOver(): boolean {
    return performance.now() >= this.#until;
  }

  #connect(): void {
    Bun.connect<Connection>({
      hostname: "127.0.0.1",
      port: this.#options.port,
      data: { reader: new ResponseReader(), since: null, unsent: null },
      socket: {
        open: (socket) => this.#ready(socket),
        data: (socket, data) => this.#receive(socket, data),
        drain: (socket) => {
          if (socket.data.unsent !== null) write(socket, socket.data.unsent);
        },
        close: (socket) => this.#closed(socket),
        // What matters of these is told by `close` or by the rejection below.
        error: () => {},
        connectError: () => {},
      },
    }).catch(() => this.#reconnect());
  }

  #reconnect(): void {
    if (!this.#isOver) setTimeout(() => this.#connect(), RECONNECT_MS);
  }

  /** A connection is free: for a request that waits, or for the next at once when there is no rate. */
  #ready(socket: Socket): void {
    if (this.#options.rate === undefined) {
      if (this.#isOver) return;
      this.#due++;
      this.#send(socket, performance.now());
      return;
    }
    const dueAt = this.#waiting.shift();
    if (dueAt === undefined) this.#idle.push(socket);
    else this.#send(socket, dueAt);
  }

  /** That this timer runs late is the generator's doing: a request that finds a free connection counts from when it is sent. */
  #sendDue(rate: number): void {
    const now = Math.min(performance.now(), this.#until);
    while (this.#startedAt + (this.#due * 1000) / rate < now) {
      const dueAt = this.#startedAt + (this.#due * 1000) / rate;
      this.#due++;
      const socket = this.#idle.shift();
      if (socket === undefined) this.#waiting.push(dueAt);
      else this.#send(socket, performance.now());
    }
  }

  #send(socket: Socket, since: number): void {
    socket.data.since = since;
    this.#underWay++;
    write(socket, this.#requests[this.#sent++ % this.#requests.length] as Buffer);
  }

  #receive(socket: Socket, data: Buffer): void {
    this.#bytes += data.byteLength;
    const { reader, since } = socket.data;
    try {
      if (!reader.push(data)) return;
    } catch {
      socket.terminate();
      return;
    }
    if (since === null) {
      socket.terminate();
      return;
    }
    const now = performance.now();
    this.#noteGap(now);
    this.#latencies.push(now - since);
    this.#answers[reader.answer] = (this.#answers[reader.answer] ?? 0) + 1;
    if (now < this.#until) this.#inTime++;
    socket.data.since = null;
    this.#underWay--;
    this.#ready(socket);
  }

  #closed(socket: Socket): void {
    if (socket.data.since !== null) this.#underWay--;
    const at = this.#idle.indexOf(socket);
    if (at >= 0) this.#idle.splice(at, 1);
    this.#reconnect();
  }

  #noteGap(now: number): void {
    this.#longestGapMs = Math.max(this.#longestGapMs, now - this.#lastAnswerAt);
    this.#lastAnswerAt = now;
  }
}

function write(socket: Socket, request: Buffer): void {
  const written = Math.max(0, socket.write(request));
  socket.data.unsent = written < request.byteLength ? request.subarray(written) : null;
}

function encode(host: string, { path, method = "GET", headers = {}, body = "" }: LoadRequest): Buffer {
  const length = body === "" ? {} : { "content-length": String(Buffer.byteLength(body)) };
  const fields = Object.entries({ host, ...headers, ...length }).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${fields.join("")}\r\n${body}`);
}

if (import.meta.main) {
  const told = await new Generator(JSON.parse(process.argv[2] ?? "") as LoadOptions).run();
  process.stdout.write(JSON.stringify(told), () => process.exit(0));
}
