/** Subrequests of stubbed apps: handed to the test file, which answers them in the network's place. */
import type { BytePipe } from "../base/byte-pipe.ts";
import { type ByteSource, eachHeader, isByteSource, sourceOf } from "../base/wire.ts";
import type { OpContext } from "../isolate/invocation.ts";
import { SINK, SOURCE } from "../web/fetch/host/answer-ops.ts";
import type { Answering, StandIn } from "../web/fetch/host/egress/egress.ts";
import { networkError } from "../web/fetch/host/egress/network-error.ts";
import type { ResponseHead } from "../web/fetch/host/egress/response-parser.ts";
import type { StubCall } from "../web/testing/ops.ts";

/** A response of the test is not compressed, and has whatever length it has. */
const FIELDS_OF_THE_HOST: readonly string[] = ["content-encoding", "content-length", "transfer-encoding", "connection"];

class StubAnswer implements Answering {
  readonly #head = Promise.withResolvers<ResponseHead>();
  readonly #finished = Promise.withResolvers<void>();
  readonly #signal: AbortSignal;
  #body: ByteSource | null = null;
  readonly #onAbort = (): void => this.fail(this.#signal.reason);

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    this.#head.promise.catch(() => {});
    signal.addEventListener("abort", this.#onAbort, { once: true });
    if (signal.aborted) this.#onAbort();
  }

  get head(): Promise<ResponseHead> {
    return this.#head.promise;
  }
  get finished(): Promise<void> {
    return this.#finished.promise;
  }

  answer(head: ResponseHead, body: ByteSource): void {
    this.#body = body;
    this.#head.resolve(head);
  }

  fail(reason: unknown): void {
    this.#head.reject(reason);
    this.cancel(reason);
  }

  async pull(): Promise<Uint8Array | null> {
    const chunk = (await this.#body?.pull()) ?? null;
    if (chunk === null) this.#end();
    return chunk;
  }

  cancel(reason?: unknown): void {
    this.#body?.cancel(reason);
    this.#end();
  }

  #end(): void {
    this.#signal.removeEventListener("abort", this.#onAbort);
    this.#finished.resolve();
  }
}

export class Stubs {
  readonly #answers = new Map<number, StubAnswer>();
  readonly #queue: StubCall[] = [];
  #waiting: ((call: StubCall) => void) | null = null;
  #last = 0;
  /** Of the test file: bodies cross through it. */
  home: OpContext | null = null;

  standInFor(app: number): StandIn {
    return ({ method, url, fields, body }, _ctx, signal) => {
      const answer = new StubAnswer(signal);
      const call = ++this.#last;
      const source = body === null ? null : isByteSource(body) ? body : sourceOf(body);
      const bodyRid = source === null ? 0 : (this.home?.invocation.resources.add(SOURCE, source, () => source.cancel()) ?? 0);
      this.#answers.set(call, answer);
      const told: StubCall = { call, app, method, url: url.href, headers: fields.map(([name, value]) => `${name}\n${value}\n`).join(""), bodyRid };
      if (this.#waiting === null) this.#queue.push(told);
      else this.#waiting(told);
      this.#waiting = null;
      return answer;
    };
  }

  next(): Promise<StubCall> {
    const call = this.#queue.shift();
    if (call !== undefined) return Promise.resolve(call);
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  answer(ctx: OpContext, call: number, status: number, head: string, data: string | Uint8Array | null, sinkRid: number): void {
    const lineEnd = head.indexOf("\n");
    const fields: [string, string][] = [];
    eachHeader(head.slice(lineEnd + 1), (name, value) => {
      if (!FIELDS_OF_THE_HOST.includes(name.toLowerCase())) fields.push([name, value]);
    });
    const body = sinkRid === 0 ? sourceOf(data ?? "") : ctx.invocation.resources.get<BytePipe>(sinkRid, SINK);
    this.#take(call)?.answer({ status, statusText: head.slice(0, lineEnd), fields }, body);
  }

  fail(call: number, why: string): void {
    this.#take(call)?.fail(networkError(why));
  }

  /** The isolate of the test file is gone, and nobody answers any more. */
  reset(): void {
    for (const answer of this.#answers.values()) answer.fail(networkError("the test file has ended"));
    this.#answers.clear();
    this.#queue.length = 0;
    this.#waiting = null;
    this.home = null;
  }

  #take(call: number): StubAnswer | undefined {
    const answer = this.#answers.get(call);
    this.#answers.delete(call);
    return answer;
  }
}
