/** The supervisor's side of a worker process: talks with it, takes its log lines, and ends it when it is stuck. */
import type { ChildProcess } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import { Channel } from "./channel.ts";
import { Pulse, threadStateOf } from "./heartbeat.ts";
import type { BundleAnswer, SupervisorMethods, WorkerMethods } from "./messages.ts";
import { PROTOCOL_VERSION } from "./messages.ts";
import { CHANNEL_FD } from "./worker-process.ts";

export interface RemoteWorkerOptions {
  readonly id: number;
  readonly child: ChildProcess;
  /** Takes whole lines. */
  readonly onLog: (lines: Uint8Array) => void;
  /** Lines for whoever follows the log. */
  readonly onLines: (lines: readonly string[]) => void;
  readonly onBundle: (params: Parameters<SupervisorMethods["bundle"]>[0]) => Promise<BundleAnswer>;
  readonly onBundleMade: (params: Parameters<SupervisorMethods["bundleMade"]>[0]) => void;
}

export class RemoteWorker {
  readonly id: number;
  readonly pid: number;
  /** Resolves when the process is up; rejects when it ends first. */
  readonly hello: Promise<void>;
  /** How it ended. */
  readonly exited: Promise<string>;
  readonly pulse: Pulse;
  readonly call: Channel<WorkerMethods, SupervisorMethods>["call"];
  readonly #child: ChildProcess;

  constructor({ id, child, onLog, onLines, onBundle, onBundleMade }: RemoteWorkerOptions) {
    this.id = id;
    this.#child = child;
    this.pid = child.pid ?? 0;
    this.pulse = new Pulse({ now: () => performance.now(), threadState: () => threadStateOf(this.pid) });
    const up = Promise.withResolvers<void>();
    up.promise.catch(() => {});
    this.hello = up.promise;
    const methods: SupervisorMethods = {
      hello: async ({ version }) => {
        if (version === PROTOCOL_VERSION) up.resolve();
        else up.reject(new Error(`the executable ${process.execPath} was replaced by another version: restart nano`));
        return null;
      },
      beat: async () => {
        this.pulse.beat();
        return null;
      },
      lines: async ({ lines }) => {
        onLines(lines);
        return null;
      },
      bundle: (params) => onBundle(params),
      bundleMade: async (params) => {
        onBundleMade(params);
        return null;
      },
    };
    const channel = new Channel<WorkerMethods, SupervisorMethods>((text) => (child.stdin as Writable).write(text), methods);
    this.call = channel.call.bind(channel);
    const decoder = new StringDecoder("utf8");
    const answers = child.stdio[CHANNEL_FD] as Readable;
    answers.on("data", (chunk: Buffer) => channel.receive(decoder.write(chunk)));
    const lines = new LineGate(onLog);
    (child.stdout as Readable).on("data", (chunk: Buffer) => lines.take(chunk));
    // A process that is gone is told by its exit.
    for (const stream of [child.stdin, child.stdout, answers]) stream?.on("error", () => {});
    this.exited = new Promise((resolve) => {
      const end = (how: string) => {
        channel.close();
        up.reject(new Error(`the worker ended before it was up: ${how}`));
        resolve(how);
      };
      child.on("error", (error) => end(error.message));
      child.on("exit", (code, signal) => end(signal ?? `exit code ${code}`));
    });
  }

  /** Ends it at once. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }

  /** Lets it end by itself. */
  release(): void {
    this.#child.stdin?.end();
  }
}

/** Passes whole lines on, and keeps the start of one until its end arrives. */
class LineGate {
  readonly #pass: (lines: Uint8Array) => void;
  #rest: Buffer | null = null;

  constructor(pass: (lines: Uint8Array) => void) {
    this.#pass = pass;
  }

  take(chunk: Buffer): void {
    const data = this.#rest === null ? chunk : Buffer.concat([this.#rest, chunk]);
    const end = data.lastIndexOf(10) + 1;
    this.#rest = end === data.length ? null : data.subarray(end);
    if (end > 0) this.#pass(data.subarray(0, end));
  }
}
