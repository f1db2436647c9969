/**
 * The load generator: keep-alive connections over raw sockets, one request at a time on each, every latency kept. A process of its own, so that it can be
 * pinned to another core than the server. Usage: `bun scripts/bench/load.ts '<LoadOptions as JSON>'`, prints LoadResult as JSON.
 */

export interface LoadOptions {
  readonly port: number;
  readonly host: string;
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly connections: number;
  readonly seconds: number;
  /** Requests per second over all connections; unset: as fast as answers come. */
  readonly rate?: number;
}

export interface LoadResult {
  readonly requests: number;
  /** Answers other than 200, resets and timeouts. */
  readonly errors: number;
  readonly perSecond: number;
  readonly bytes: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const CRLF2 = new TextEncoder().encode("\r\n\r\n");

/** Reads responses off one connection: how far the current one has come. */
class ResponseReader {
  #head: Uint8Array = new Uint8Array(0);
  #left = -1;
  #isChunked = false;
  #tail = "";
  status = 0;

  /** Returns true when `data` completed a response. Nothing may follow it: requests are not pipelined. */
  push(data: Uint8Array): boolean {
    let chunk = data;
    if (this.#left < 0 && !this.#isChunked) {
      const joined = this.#head.byteLength === 0 ? data : concat(this.#head, data);
      const end = indexOf(joined, CRLF2);
      if (end < 0) {
        this.#head = joined;
        return false;
      }
      const text = new TextDecoder("latin1").decode(joined.subarray(0, end)).toLowerCase();
      this.status = Number(text.slice(9, 12));
      const length = /\r\ncontent-length: *(\d+)/.exec(text);
      this.#isChunked = length === null && text.includes("\r\ntransfer-encoding: chunked");
      this.#left = length === null ? 0 : Number(length[1]);
      this.#head = new Uint8Array(0);
      chunk = joined.subarray(end + 4);
    }
    if (this.#isChunked) {
      const text = this.#tail + new TextDecoder("latin1").decode(chunk.subarray(Math.max(0, chunk.byteLength - 7)));
      this.#tail = text.slice(-7);
      if (!this.#tail.endsWith("\r\n0\r\n\r\n") && this.#tail !== "0\r\n\r\n") return false;
      this.#isChunked = false;
      this.#tail = "";
      this.#left = -1;
      return true;
    }
    this.#left -= chunk.byteLength;
    if (this.#left > 0) return false;
    this.#left = -1;
    return true;
  }
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const whole = new Uint8Array(a.byteLength + b.byteLength);
  whole.set(a);
  whole.set(b, a.byteLength);
  return whole;
}

function indexOf(data: Uint8Array, what: Uint8Array): number {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).indexOf(what);
}

export async function generate(options: LoadOptions): Promise<LoadResult> {
  const { port, host, path, method = "GET", headers = {}, body = "", connections, seconds, rate } = options;
  const fields = Object.entries({ host, ...headers, ...(body === "" ? {} : { "content-length": String(Buffer.byteLength(body)) }) });
  const request = Buffer.from(`${method} ${path} HTTP/1.1\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${body}`);
  const latencies: number[] = [];
  let errors = 0;
  let bytes = 0;
  let isOver = false;
  const started = performance.now();
  const until = started + seconds * 1000;
  const connect = async (): Promise<void> => {
    const reader = new ResponseReader();
    let sentAt = 0;
    let isWaiting = false;
    let pacer: ReturnType<typeof setInterval> | undefined;
    await new Promise<void>((done) => {
      const send = (socket: Bun.Socket): void => {
        sentAt = performance.now();
        isWaiting = true;
        socket.write(request);
      };
      const next = (socket: Bun.Socket): void => {
        if (performance.now() >= until) socket.end();
        else if (rate === undefined) send(socket);
      };
      Bun.connect({
        hostname: "127.0.0.1",
        port,
        socket: {
          open(socket) {
            if (rate === undefined) send(socket);
            else
              pacer = setInterval(() => {
                if (performance.now() >= until) socket.end();
                else if (!isWaiting) send(socket);
              }, (1000 * connections) / rate);
          },
          data(socket, data) {
            bytes += data.byteLength;
            if (!reader.push(data)) return;
            isWaiting = false;
            latencies.push(performance.now() - sentAt);
            if (reader.status !== 200) errors++;
            next(socket);
          },
          close() {
            if (isWaiting && !isOver) errors++;
            clearInterval(pacer);
            done();
          },
          error() {},
          connectError() {
            errors++;
            done();
          },
        },
      }).catch(() => {
        errors++;
        done();
      });
    });
  };
  const run = async (): Promise<void> => {
    // A server that closes connections is connected to again, a bounded number of times.
    for (let tries = 0; tries < 200 && performance.now() < until; tries++) await connect();
  };
  await Promise.race([Promise.all(Array.from({ length: connections }, run)), new Promise((resolve) => setTimeout(resolve, seconds * 1000 + 1500))]);
  isOver = true;
  const elapsed = (Math.min(performance.now(), until) - started) / 1000;
  latencies.sort((a, b) => a - b);
  const at = (q: number) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * q))] ?? Number.NaN;
  return { requests: latencies.length, errors, perSecond: latencies.length / elapsed, bytes, p50: at(0.5), p99: at(0.99), max: at(1) };
}

if (import.meta.main) {
  const result = await generate(JSON.parse(process.argv[2] ?? "{}") as LoadOptions);
  console.log(JSON.stringify(result));
  process.exit(0);
}
