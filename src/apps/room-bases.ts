/**
 * The snapshots that apps are evaluated on: the platform's base, and that base with the lazy rooms that an app's code names. Apps that name the same rooms share one,
 * so a room is evaluated once, and its pages are held once.
 */
import { Account } from "../isolate/scheduler.ts";
import { Isolate } from "../isolate/isolate.ts";
import type { IsolateHost } from "../isolate/isolate-host.ts";
import type { InvocationLimits } from "../isolate/invocation.ts";
import type { Snapshot } from "../isolate/memory/snapshot.ts";
import { roomsUsedBy } from "../web/room-scan.ts";

/** More sets of rooms than that are in use at once only where somebody tries to fill the memory; the least recently used one is then forgotten. */
const MOST_SETS = 16;
const MEMORY_BYTES = 64 << 20;
const MS = 30_000;
/** Our own code: these only end what hangs. */
const LIMITS: InvocationLimits = {
  cpuMs: MS, wallMs: MS, streamMs: MS, waitUntilMs: MS, subrequests: 0, subrequestsAtOnce: 1, timers: 0, logBytes: 0, logLineBytes: 0, streamBufferBytes: 0, kdfIterations: 0,
};

export class RoomBases {
  readonly #host: IsolateHost;
  /** Without lazy rooms. */
  readonly plain: Snapshot;
  readonly #account = new Account("nano");
  readonly #bases = new Map<string, Promise<Snapshot>>();

  constructor(host: IsolateHost, base: Snapshot) {
    this.#host = host;
    this.plain = base;
  }

  /** What `code` is to be evaluated on. */
  for(code: string): Promise<Snapshot> {
    const rooms = roomsUsedBy(code).join("\n");
    if (rooms === "") return Promise.resolve(this.plain);
    const known = this.#bases.get(rooms);
    const base = known ?? this.#make(rooms);
    this.#bases.delete(rooms);
    this.#bases.set(rooms, base);
    base.catch(() => this.#bases.delete(rooms));
    const [oldest] = this.#bases.keys();
    if (this.#bases.size > MOST_SETS && oldest !== undefined) this.#bases.delete(oldest);
    return base;
  }

  async #make(rooms: string): Promise<Snapshot> {
    const isolate = new Isolate({ host: this.#host, snapshot: this.plain, account: this.#account, memoryBytes: MEMORY_BYTES, onCondemned: () => {} });
    let why: string | null = null;
    try {
      const invocation = isolate.open({
        requestId: `rooms-${rooms.replaceAll("\n", "-")}`,
        app: "nano",
        limits: LIMITS,
        onAnswer: () => {},
        onFailure: (outcome, failure) => {
          why = failure?.message ?? outcome;
        },
      });
      invocation.enter("rooms", rooms);
      await isolate.whenIdle();
      if (why !== null) throw new Error(`the rooms ${rooms.replaceAll("\n", ", ")} do not load: ${why}`);
      invocation.end("ok");
      return isolate.snapshot(true);
    } finally {
      isolate.dispose();
    }
  }
}
