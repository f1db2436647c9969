/**
 * One request and its response over one connection, which ends with it unless somebody keeps it. Our own client on a bare socket, because it has to behave the same
 * under Bun and Node, refuse what it does not understand, and stop reading when nobody takes what it read.
 */
import type { Socket } from "node:net";
import type { ByteBudget } from "../../../../base/byte-pipe.ts";
import { type ByteSource, isByteSource } from "../../../../base/wire.ts";
import { networkError } from "./network-error.ts";
import { type ResponseHead, ResponseParser } from "./response-parser.ts";

export interface Sending {
  readonly method: string;
  readonly head: Uint8Array;
  readonly body: Uint8Array | ByteSource | null;
}

export interface ExchangeOptions {
  /** Time to the response head, counted from the last piece of the request. */
  readonly headersMs: number;
  /** Time between two pieces of the body that somebody waits for. */
  readonly idleMs: number;
  /** Body that is read before anybody asks for it. */
  readonly readAheadBytes: number;
  /** Ends the exchange, with its reason. */
  readonly signal: AbortSignal;
  /** What bodies that nobody takes may fill beyond their read-ahead, after `takeIn`. */
  readonly budget: ByteBudget;
  /** The body is larger than the read-ahead and nobody takes it (true); somebody does again (false). */
  readonly onRest: (isResting: boolean) => void;
  /** Takes the connection over when it can carry another exchange. Else it is closed. */
  readonly keep: ((socket: Socket) => void) | null;
}

/** What a queued piece costs beside its bytes, so that a sender of tiny pieces cannot queue millions. */
const PIECE_COST_BYTES = 256;
const BODY_STOPPED = "the upstream's body stopped arriving";

export class Exchange implements ByteSource {
  readonly head: Promise<ResponseHead>;
  /** Resolves when the connection is closed or kept, whatever became of it. What was read ahead can still be pulled. */
  readonly finished: Promise<void>;
  readonly #socket: Socket;
  readonly #options: ExchangeOptions;
  readonly #parser: ResponseParser;
  readonly #upload: ByteSource | null;
  readonly #onAbort: () => void;
  readonly #listeners: readonly (readonly [event: string, listener: (...args: never[]) => void])[];
  #resolveHead!: (head: ResponseHead) => void;
  #rejectHead!: (reason: unknown) => void;
  #tellFinished!: () => void;
  #hasHead = false;
  #isSent = false;
  #isHeard = false;
  #isLost = false;
  #isTakenIn = false;
  #arrived: Uint8Array[] = [];
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #puller: { resolve: (chunk: Uint8Array | null) => void; reject: (reason: unknown) => void } | null = null;
  #failure: { readonly reason: unknown } | null = null;
  #isClosed = false;
  #wakeUpload: (() => void) | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(socket: Socket, sending: Sending, options: ExchangeOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#upload = sending.body !== null && isByteSource(sending.body) ? sending.body : null;
    this.head = new Promise((resolve, reject) => {
      this.#resolveHead = resolve;
      this.#rejectHead = reject;
    });
    // Whoever awaits `head` is told; when nobody does, a failure is no fault of the host.
    this.head.catch(() => {});
    this.finished = new Promise((resolve) => {
      this.#tellFinished = resolve;
    });
    this.#parser = new ResponseParser(sending.method, {
      onHead: (head) => {
        this.#hasHead = true;
        this.#disarm();
        this.#resolveHead(head);
      },
      onData: (chunk) => this.#arrived.push(chunk),
    });
    this.#onAbort = () => this.cancel(options.signal.reason);
    options.signal.addEventListener("abort", this.#onAbort, { once: true });
    this.#listeners = [
      ["data", (bytes: Uint8Array) => this.#onBytes(bytes)],
      ["end", () => this.#onEnd()],
      ["error", () => this.#lose("the connection to the upstream broke")],
      ["close", () => this.#lose("the upstream closed the connection before its response was complete")],
      ["drain", () => this.#wake()],
    ];
    for (const [event, listener] of this.#listeners) socket.on(event, listener as (...args: unknown[]) => void);
    this.#send(sending);
    socket.resume();
    if (options.signal.aborted) this.#onAbort();
    else if (socket.destroyed) this.#lose("the connection to the upstream broke");
  }

  /** The connection went away before a single byte of an answer came: what is to be expected of one that had been kept. */
  get isUnheard(): boolean {
    return this.#isLost && !this.#isHeard;
  }

  /** Rejects with a guest TypeError when the upstream fails, and with the signal's reason. */
  pull(): Promise<Uint8Array | null> {
    const chunk = this.#queue.shift();
    if (chunk !== undefined) {
      this.#hold(-chunk.byteLength - PIECE_COST_BYTES);
      if (!this.#isClosed && this.#queuedBytes < this.#options.readAheadBytes) this.#read();
      return Promise.resolve(chunk);
    }
    if (this.#failure !== null) return Promise.reject(this.#failure.reason);
    if (this.#isClosed) return Promise.resolve(null);
    this.#arm(this.#options.idleMs, BODY_STOPPED);
    return new Promise((resolve, reject) => {
      this.#puller = { resolve, reject };
    });
  }

  /** Others wait for this connection to end: reads on though nobody takes it, for as long as the budget lasts. */
  takeIn(): void {
    if (this.#isClosed) return;
    this.#isTakenIn = true;
    this.#options.budget.usedBytes += this.#queuedBytes;
    this.#read();
    this.#arm(this.#options.idleMs, BODY_STOPPED);
  }

  cancel(reason?: unknown): void {
    this.#queue = [];
    this.#hold(-this.#queuedBytes);
    this.#fail(reason ?? networkError("the body was canceled"));
  }

  #read(): void {
    this.#socket.resume();
    this.#options.onRest(false);
  }

  #hold(bytes: number): void {
    this.#queuedBytes += bytes;
    if (this.#isTakenIn) this.#options.budget.usedBytes += bytes;
  }

  #onBytes(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    this.#isHeard = true;
    try {
      this.#parser.push(bytes);
    } catch (error) {
      this.#deliver();
      this.#fail(error);
      return;
    }
    this.#deliver();
    if (this.#parser.isDone) this.#close();
    else if (this.#isTakenIn) this.#goOnTakingIn();
    else if (this.#queuedBytes >= this.#options.readAheadBytes) {
      this.#socket.pause();
      this.#options.onRest(true);
    }
  }

  #goOnTakingIn(): void {
    const { budget, idleMs } = this.#options;
    if (budget.usedBytes > budget.limitBytes) this.cancel(networkError("its body waited to be read while other subrequests waited for its connection, and there was no room to take it in: read bodies, or cancel them, before you fetch more"));
    else this.#arm(idleMs, BODY_STOPPED);
  }

  /** One piece per arrival, however many chunks the sender made of it. */
  #deliver(): void {
    const [first] = this.#arrived;
    if (first === undefined) return;
    const piece = this.#arrived.length === 1 ? first : Buffer.concat(this.#arrived);
    this.#arrived = [];
    if (this.#puller !== null) {
      const puller = this.#puller;
      this.#puller = null;
      this.#disarm();
      puller.resolve(piece);
    } else {
      this.#queue.push(piece);
      this.#hold(piece.byteLength + PIECE_COST_BYTES);
    }
  }

  #onEnd(): void {
    if (this.#isClosed) return;
    this.#isLost = true;
    try {
      this.#parser.end();
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#close();
  }

  #lose(fault: string): void {
    if (this.#isClosed) return;
    this.#isLost = true;
    this.#fail(networkError(fault));
  }

  #send({ head, body }: Sending): void {
    if (body instanceof Uint8Array) this.#write(head, body);
    else this.#write(head);
    this.#isSent = this.#upload === null;
    this.#armHead();
    if (this.#upload !== null) this.#sendStream(this.#upload).catch((error) => this.#fail(error));
  }

  async #sendStream(upload: ByteSource): Promise<void> {
    while (!this.#isClosed) {
      // The guest may take its time; the upstream may not.
      if (!this.#hasHead) this.#disarm();
      const chunk = await pullUpload(upload);
      if (this.#isClosed) return;
      this.#armHead();
      if (chunk === null) {
        this.#write("0\r\n\r\n");
        this.#isSent = true;
        return;
      }
      if (this.#write(`${chunk.byteLength.toString(16)}\r\n`, chunk, "\r\n")) continue;
      await new Promise<void>((resolve) => {
        this.#wakeUpload = resolve;
      });
    }
  }

  /** In as few packets as the socket manages. False when it wants no more for now. */
  #write(...parts: readonly (string | Uint8Array)[]): boolean {
    this.#socket.cork();
    const wantsMore = parts.map((part) => this.#socket.write(part)).every(Boolean);
    this.#socket.uncork();
    return wantsMore;
  }

  #wake(): void {
    this.#wakeUpload?.();
    this.#wakeUpload = null;
  }

  #armHead(): void {
    if (!this.#hasHead) this.#arm(this.#options.headersMs, "the upstream did not answer in time");
  }

  #arm(ms: number, fault: string): void {
    this.#disarm();
    this.#timer = setTimeout(() => this.#fail(networkError(fault)), ms);
  }

  #disarm(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #letGo(): void {
    const { keep } = this.#options;
    if (keep === null || !this.#isReusable) {
      this.#socket.destroy();
      return;
    }
    for (const [event, listener] of this.#listeners) this.#socket.off(event, listener as (...args: unknown[]) => void);
    keep(this.#socket);
  }

  /** Both sides have said all they had to say, and nothing more. */
  get #isReusable(): boolean {
    return this.#failure === null && !this.#isLost && this.#isSent && this.#parser.leavesConnectionOpen && this.#socket.writableLength === 0;
  }

  #fail(reason: unknown): void {
    if (this.#isClosed) return;
    this.#failure = { reason };
    this.#close();
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#disarm();
    this.#options.signal.removeEventListener("abort", this.#onAbort);
    this.#letGo();
    this.#upload?.cancel(networkError("the upstream takes no more of the body"));
    this.#wake();
    const puller = this.#puller;
    this.#puller = null;
    if (this.#failure === null) puller?.resolve(null);
    else {
      this.#rejectHead(this.#failure.reason);
      puller?.reject(this.#failure.reason);
    }
    this.#tellFinished();
  }
}

async function pullUpload(upload: ByteSource): Promise<Uint8Array | null> {
  try {
    return await upload.pull();
  } catch {
    throw networkError("the body of the request failed");
  }
}
