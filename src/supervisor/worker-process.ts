/**
 * A worker as a process: commands come in on standard input, answers and beats go out on descriptor 3, log lines on standard output. It ends as soon as the
 * supervisor does, whatever it is doing.
 */
import { write } from "node:fs";
import { bundleOfWire, bundleToWire } from "../apps/load/bundle-wire.ts";
import type { LoadedArtifacts } from "../artifacts.ts";
import { limitValue } from "../limits.ts";
import { createLog } from "../observe/log.ts";
import { LogWriter } from "../observe/log-writer.ts";
import type { Observer } from "../observe/observer.ts";
import { Channel } from "./channel.ts";
import { type BundleSource, DataPlane } from "./data-plane.ts";
import { PROTOCOL_VERSION, type SupervisorMethods, type WorkerMethods } from "./messages.ts";

export const CHANNEL_FD = 3;
const BEAT_MS = limitValue("worker_beat_ms");

export interface WorkerProcessOptions {
  readonly artifacts: () => Promise<LoadedArtifacts>;
  /** Calls `listener` with each piece of standard input, and with null at its end. */
  readonly onInput: (listener: (text: string | null) => void) => void;
  readonly onFault: (listener: (error: unknown) => void) => void;
}

/** Resolves when the worker has nothing left to do: it was stopped, or the supervisor has gone. */
export async function runWorker({ artifacts, onInput, onFault }: WorkerProcessOptions): Promise<void> {
  const log = new LogWriter(1);
  let observer: Observer | null = null;
  onFault((error) => observer?.fault(crypto.randomUUID(), error));
  const sender = new Sender(CHANNEL_FD);
  const ended = Promise.withResolvers<void>();
  const bundles: BundleSource = {
    async get(app, source, make) {
      const { bundle } = await channel.call("bundle", { app, source });
      if (bundle !== null) return bundleOfWire(bundle);
      try {
        const made = await make();
        void channel.call("bundleMade", { app, source, bundle: bundleToWire(made) }).catch(() => {});
        return made;
      } catch (error) {
        void channel.call("bundleMade", { app, source, bundle: null }).catch(() => {});
        throw error;
      }
    },
  };
  const plane = new DataPlane({
    isEarly: true,
    artifacts,
    bundles,
    onLines: (lines) => void channel.call("lines", { lines }).catch(() => {}),
    observerFor(settings) {
      observer = createLog({ ...settings.log, write: log.write, now: () => Date.now() });
      log.onDropped = (lines) => observer?.linesDropped("reader", lines);
      return observer;
    },
  });
  const methods: WorkerMethods = {
    start: plane.start,
    listen: plane.listen,
    prepare: plane.prepare,
    commit: plane.commit,
    load: plane.load,
    lift: plane.lift,
    check: plane.check,
    metrics: plane.metrics,
    tail: plane.tail,
    status: plane.status,
    async stop(params) {
      const unfinished = await plane.stop(params);
      await log.flush(500);
      return unfinished;
    },
  };
  const channel = new Channel<SupervisorMethods, WorkerMethods>(sender.send, methods);
  onInput((text) => {
    if (text === null) ended.resolve();
    else channel.receive(text);
  });
  const beat = setInterval(() => void channel.call("beat", null).catch(() => {}), BEAT_MS);
  void channel.call("hello", { version: PROTOCOL_VERSION, pid: process.pid }).catch(() => {});
  await ended.promise;
  clearInterval(beat);
  plane.close();
}

/** Writes whole and in order to a descriptor that may be full for a moment. */
class Sender {
  readonly #fd: number;
  #pending: string[] = [];
  #isWriting = false;

  constructor(fd: number) {
    this.#fd = fd;
  }

  readonly send = (text: string): void => {
    this.#pending.push(text);
    if (this.#isWriting) return;
    this.#isWriting = true;
    this.#write(this.#take(), 0);
  };

  #take(): Buffer {
    const data = Buffer.from(this.#pending.join(""));
    this.#pending = [];
    return data;
  }

  #write(data: Buffer, at: number): void {
    write(this.#fd, data, at, data.byteLength - at, null, (error, written) => {
      if (error?.code === "EAGAIN") setTimeout(() => this.#write(data, at), 2);
      else if (error !== null) this.#isWriting = false;
      else if (at + written < data.byteLength) this.#write(data, at + written);
      else if (this.#pending.length > 0) this.#write(this.#take(), 0);
      else this.#isWriting = false;
    });
  }
}
