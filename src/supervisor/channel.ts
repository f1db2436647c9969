/** Requests and answers over a pair of byte streams: one line of JSON each. The other side is our own code, but may end at any moment, in the middle of a line. */
import { OperatorError, type Problem } from "../errors.ts";

/** Methods that take one value and answer later. */
export type Methods<T> = { readonly [K in keyof T]: (params: never) => Promise<unknown> };
type ParamsOf<F> = F extends (params: infer P) => unknown ? P : never;
type ResultOf<F> = F extends (params: never) => Promise<infer R> ? R : never;

interface Call {
  readonly id: number;
  readonly method: string;
  readonly params: unknown;
}
type Answer = { readonly id: number; readonly result: unknown } | { readonly id: number; readonly error: RemoteFailure };
interface RemoteFailure {
  readonly message: string;
  /** Of operator errors, which cross as such. */
  readonly problems?: readonly Problem[];
}

/** The other side is gone. */
export class ChannelClosed extends Error {
  override readonly name = "ChannelClosed";
}

export class Channel<Theirs extends Methods<Theirs>, Ours extends Methods<Ours>> {
  readonly #send: (text: string) => void;
  readonly #ours: Ours;
  readonly #pending = new Map<number, { resolve(result: never): void; reject(error: Error): void }>();
  #parts: string[] = [];
  #nextId = 1;
  #isClosed = false;

  /** `send` takes whole lines and keeps their order. */
  constructor(send: (text: string) => void, ours: Ours) {
    this.#send = send;
    this.#ours = ours;
  }

  /** Rejects with ChannelClosed when the other side ends first. */
  call<K extends keyof Theirs & string>(method: K, params: ParamsOf<Theirs[K]>): Promise<ResultOf<Theirs[K]>> {
    if (this.#isClosed) return Promise.reject(new ChannelClosed("the other side has ended"));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#send(`${JSON.stringify({ id, method, params } satisfies Call)}\n`);
    });
  }

  /** Text as it arrives, in pieces of any size. */
  receive(text: string): void {
    let from = 0;
    for (let end = text.indexOf("\n"); end >= 0; from = end + 1, end = text.indexOf("\n", from)) {
      const line = this.#parts.length === 0 ? text.slice(from, end) : [...this.#parts, text.slice(from, end)].join("");
      this.#parts = [];
      this.#take(JSON.parse(line) as Call | Answer);
    }
    if (from < text.length) this.#parts.push(text.slice(from));
  }

  close(): void {
    this.#isClosed = true;
    for (const { reject } of this.#pending.values()) reject(new ChannelClosed("the other side has ended"));
    this.#pending.clear();
  }

  #take(message: Call | Answer): void {
    if ("method" in message) {
      void this.#answer(message);
      return;
    }
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if ("error" in message) pending?.reject(errorOf(message.error));
    else pending?.resolve(message.result as never);
  }

  async #answer({ id, method, params }: Call): Promise<void> {
    let answer: Answer;
    try {
      const result = await (this.#ours as unknown as Readonly<Record<string, (params: unknown) => Promise<unknown>>>)[method]?.(params);
      answer = { id, result };
    } catch (error) {
      answer = { id, error: failureOf(error) };
    }
    if (!this.#isClosed) this.#send(`${JSON.stringify(answer)}\n`);
  }
}

function failureOf(error: unknown): RemoteFailure {
  if (error instanceof OperatorError) return { message: error.message, problems: error.problems };
  return { message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

function errorOf({ message, problems }: RemoteFailure): Error {
  return problems === undefined ? new Error(message) : new OperatorError(problems);
}
