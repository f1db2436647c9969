/** The apps that a test file may ask: each in isolates of its own, behind everything that stands in front of it in production. */
import { type AppChanges, CALL_FIELD, type CallState, type LogLine, type StubCall } from "../../ops.ts";
import { ops } from "./door.ts";
import { web, type WebReader, type WebRequest, type WebResponse, type WebStream } from "./globals.ts";

/** Answers the fetch() of an app. */
export type Upstream = (request: WebRequest) => WebResponse | Promise<WebResponse>;

export interface Changes {
  readonly env?: Readonly<Record<string, unknown>>;
  readonly limits?: Readonly<Record<string, number>>;
  readonly fetch?: Upstream;
}

/** How nano saw a request. Numbers grow until all that the request caused is over. */
export class Account {
  readonly #call: number;
  constructor(call: number) {
    this.#call = call;
  }
  get #state(): CallState {
    return ops.call_state(this.#call);
  }
  get requestId(): string {
    return this.#state.requestId;
  }
  /** `ok`, or what went wrong: `exception`, `exceededCpu`, … */
  get outcome(): string {
    return this.#state.outcome;
  }
  get fuel(): number {
    return this.#state.fuel;
  }
  get cpuMs(): number {
    return this.#state.cpuMs;
  }
  get memoryBytes(): number {
    return this.#state.memoryBytes;
  }
  get error(): CallState["error"] {
    return this.#state.error;
  }
  get logs(): readonly LogLine[] {
    return this.#state.logs;
  }
  get subrequests(): CallState["subrequests"] {
    return this.#state.subrequests;
  }
  /** Waits for the end of the body and of `waitUntil` work. */
  async over(): Promise<this> {
    await ops.call_over(this.#call);
    return this;
  }
}

const upstreams = new Map<number, Upstream>();
let isAnswering = false;

export class App {
  readonly #open: () => number;
  #handle: number | null = null;

  constructor(open: () => number) {
    this.#open = open;
  }

  get #app(): number {
    this.#handle ??= this.#open();
    return this.#handle;
  }

  /** What the app finds in its env. */
  get env(): Readonly<Record<string, unknown>> {
    return ops.app_env(this.#app);
  }

  /** Everything it has printed since this was asked for last. */
  takeLogs(): readonly LogLine[] {
    return ops.app_logs(this.#app);
  }

  readonly fetch = async (input: unknown, init?: object): Promise<WebResponse & { readonly nano: Account }> => {
    const app = this.#app;
    const target = typeof input === "string" ? new web.URL(input, ops.app_url(app)).href : input;
    // What the app answers is the answer, a redirect too.
    const request = new web.Request(new web.Request(target, init), { redirect: "manual" });
    const call = ops.call_begin(app);
    request.headers.set(CALL_FIELD, String(call));
    const response = await web.fetch(request);
    return Object.defineProperty(response, "nano", { value: new Account(call), configurable: true }) as WebResponse & { readonly nano: Account };
  };

  /** The same app with other variables, other limits, or an upstream of the test's own. It shares nothing with this one. */
  with({ env, limits, fetch }: Changes): App {
    const changes: AppChanges = { ...(env === undefined ? {} : { env }), ...(limits === undefined ? {} : { limits }), ...(fetch === undefined ? {} : { isStubbed: true }) };
    return new App(() => {
      const app = ops.app_vary(this.#app, changes);
      const upstream = fetch ?? upstreams.get(this.#app);
      if (upstream !== undefined) upstreams.set(app, upstream);
      if (fetch !== undefined && !isAnswering) void answerStubs();
      return app;
    });
  }

  /** What its isolates remember is gone; the next request meets a fresh one. */
  restart(): void {
    ops.app_restart(this.#app);
  }
}

async function answerStubs(): Promise<void> {
  isAnswering = true;
  for (;;) void answerStub(await ops.stub_next());
}

async function answerStub({ call, app, method, url, headers, bodyRid }: StubCall): Promise<void> {
  try {
    const fields: string[][] = [];
    const parts = headers.split("\n");
    for (let i = 0; i + 1 < parts.length; i += 2) fields.push([parts[i] as string, parts[i + 1] as string]);
    const request = new web.Request(url, { method, headers: fields, ...(bodyRid === 0 ? {} : { body: streamOf(bodyRid), duplex: "half" }) });
    const upstream = upstreams.get(app);
    if (upstream === undefined) throw new Error("there is no upstream for this app");
    const response = await upstream(request);
    if (!(response instanceof (web.Response as unknown as new () => object))) throw new TypeError(`the fetch of app.with() answered ${method} ${url} with ${response === undefined ? "nothing" : "a value"} that is no Response`);
    const block = [...response.headers].map(([name, value]) => `${name}\n${value}\n`).join("");
    const head = `${response.statusText}\n${block}`;
    if (response.body === null) ops.stub_answer(call, response.status, head, null, 0);
    else {
      const sink = ops.sink_open();
      ops.stub_answer(call, response.status, head, null, sink);
      await pump(response.body.getReader(), sink);
    }
  } catch (error) {
    ops.stub_fail(call, error instanceof Error ? `${error.name}: ${error.message}` : String(error));
  }
}

/** The reader of the sink may go away at any time, which is no failure of the test. */
async function pump(reader: WebReader, sink: number): Promise<void> {
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (value !== undefined && !ops.sink_push(sink, value)) await ops.sink_ready(sink);
    }
    ops.sink_close(sink);
  } catch (error) {
    ops.sink_abort(sink, String(error));
    await reader.cancel(error).catch(() => {});
  }
}

const streamOf = (rid: number): WebStream =>
  new web.ReadableStream(
    {
      async pull(controller) {
        const chunk = await ops.source_read(rid);
        if (chunk === null) controller.close();
        else controller.enqueue(chunk);
      },
      cancel: () => ops.source_cancel(rid),
    },
    { highWaterMark: 0 },
  );
