/** What the apps of `nano dev` use of their limits: the most of each, what came near to one, and the last request in detail. */
import { type AppLimits, limits, type LimitKey, saidLimits } from "../../limits.ts";
import { type FailureRecord, type KillRecord, type Observer, type RequestRecord, silent, type SubrequestRecord } from "../../observe/observer.ts";

/** From here on a limit is near. */
const NEAR = 0.7;
/** Requests that are not over: what they have done so far is kept for so many. */
const MOST_OPEN = 1_000;

/** The most that an app has used of a limit, in the units of the config. */
export interface Use {
  readonly key: LimitKey;
  readonly used: number;
  readonly allowed: number;
  /** What used it: `GET /path`, or `load`. */
  readonly by: string;
}

export interface RequestDetails {
  readonly record: RequestRecord;
  readonly subrequests: readonly SubrequestRecord[];
  readonly consoleLines: number;
  readonly consoleBytes: number;
  readonly failure: FailureRecord | null;
  readonly kill: KillRecord | null;
}

type Open = { -readonly [K in Exclude<keyof RequestDetails, "record" | "subrequests">]: RequestDetails[K] } & { readonly subrequests: SubrequestRecord[] };

/** Units of the config in one unit of what is measured. */
const FACTOR = { ms: 1, us: 1_000, s: 0.001, mb: 1 / (1 << 20), kb: 1 / (1 << 10), count: 1 } as const;

export class Usage {
  readonly observer: Observer;
  readonly #limitsOf: (app: string) => AppLimits | undefined;
  readonly #onNear: (app: string, use: Use) => void;
  readonly #open = new Map<string, Open>();
  readonly #most = new Map<string, Map<LimitKey, Use>>();
  readonly #told = new Set<string>();
  #last: RequestDetails | null = null;

  /** `onNear`: once per app and limit. */
  constructor(limitsOf: (app: string) => AppLimits | undefined, onNear: (app: string, use: Use) => void) {
    this.#limitsOf = limitsOf;
    this.#onNear = onNear;
    this.observer = {
      ...silent,
      request: (record) => this.#request(record),
      subrequest: (record) => void this.#of(record.requestId).subrequests.push(record),
      console: (_app, requestId, _level, text) => {
        const open = this.#of(requestId);
        open.consoleLines++;
        open.consoleBytes += Buffer.byteLength(text);
      },
      failure: (record) => {
        this.#of(record.requestId).failure = record;
      },
      kill: (record) => {
        this.#of(record.requestId).kill = record;
      },
      appLoaded: (app, { startupCpuMs, bundleBytes }) => this.#measure(app, "load", { startup_cpu_ms: startupCpuMs, bundle_mb: bundleBytes }),
    };
  }

  /** The last request that is over; null before the first. */
  get last(): RequestDetails | null {
    return this.#last;
  }

  /** By app, in the order of the catalogue of limits. */
  mostOf(app: string): readonly Use[] {
    const most = this.#most.get(app);
    return (Object.keys(limits) as LimitKey[]).flatMap((key) => most?.get(key) ?? []);
  }

  #of(requestId: string): Open {
    let open = this.#open.get(requestId);
    if (open === undefined) {
      open = { subrequests: [], consoleLines: 0, consoleBytes: 0, failure: null, kill: null };
      const oldest = this.#open.size >= MOST_OPEN ? this.#open.keys().next().value : undefined;
      if (oldest !== undefined) this.#open.delete(oldest);
      this.#open.set(requestId, open);
    }
    return open;
  }

  #request(record: RequestRecord): void {
    const { requestId, app, method, path, cpuMs, memoryBytes, receivedBytes, answerMs, latencyMs } = record;
    const open = this.#of(requestId);
    this.#open.delete(requestId);
    // The record is the request itself, which goes on changing.
    this.#last = { ...open, record: snapshotOf(record) };
    if (app === "") return;
    this.#measure(app, `${method} ${path}`, {
      cpu_ms: cpuMs,
      wall_ms: answerMs,
      stream_ms: Math.max(0, latencyMs - answerMs),
      memory_mb: memoryBytes,
      max_body_mb: receivedBytes,
      subrequests: open.subrequests.length,
      log_kb: open.consoleBytes,
    });
  }

  #measure(app: string, by: string, measured: Readonly<Partial<Record<LimitKey, number>>>): void {
    const resolved = this.#limitsOf(app);
    if (resolved === undefined) return;
    const allowedOf = saidLimits.app(resolved);
    let most = this.#most.get(app);
    if (most === undefined) this.#most.set(app, (most = new Map()));
    for (const [key, value] of Object.entries(measured) as [LimitKey, number][]) {
      const use: Use = { key, used: value * FACTOR[limits[key].unit], allowed: allowedOf[key] ?? 0, by };
      if (use.used > (most.get(key)?.used ?? -1)) most.set(key, use);
      // What is past a limit has been told as that.
      const isNear = use.allowed > 0 && use.used > use.allowed * NEAR && use.used <= use.allowed;
      if (!isNear || this.#told.has(`${app} ${key}`)) continue;
      this.#told.add(`${app} ${key}`);
      this.#onNear(app, use);
    }
  }
}

function snapshotOf({ requestId, app, host, method, path, protocol, clientAddress, userAgent, referrer, status, bytes, latencyMs, answerMs, cpuMs, memoryBytes, receivedBytes, outcome }: RequestRecord): RequestRecord {
  return { requestId, app, host, method, path, protocol, clientAddress, userAgent, referrer, status, bytes, latencyMs, answerMs, cpuMs, memoryBytes, receivedBytes, outcome };
}
