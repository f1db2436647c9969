/**
 * What isolates of a revision are clones of: the memory of an isolate in which the app's top level has run to its end, with all that it began. Timers and fetch() are refused there,
 * with an error that says so: nobody would be there for them in a clone.
 */
import type { InvocationLimits, InvocationSummary, Kill } from "../isolate/invocation.ts";
import { Isolate } from "../isolate/isolate.ts";
import type { IsolateHost } from "../isolate/isolate-host.ts";
import type { Account } from "../isolate/scheduler.ts";
import type { Snapshot } from "../isolate/memory/snapshot.ts";
import { watchedHost } from "./image-cache.ts";
import type { Bundle } from "./load/bundle.ts";
import { BUNDLE_FILE_NAME } from "./load/source-map.ts";

export interface AppImage {
  readonly snapshot: Snapshot;
  /** What `performance.now()` read then: it goes on from there in every clone. */
  readonly clockMs: number;
  /** What the top level used. */
  readonly startupCpuMs: number;
}

export interface ImageOptions {
  readonly host: IsolateHost;
  readonly base: Snapshot;
  readonly account: Account;
  readonly app: string;
  readonly requestId: string;
  readonly limits: InvocationLimits & { readonly memoryBytes: number; readonly startupCpuMs: number };
  readonly bundle: Bundle;
  /** JSON. */
  readonly env: string;
  /** See the event `env`. */
  readonly bindings: string;
  readonly mapStack: (stack: string) => string;
  /** Console lines are to say where they were written. */
  readonly hasPlaces: boolean;
}

export interface ImageResult extends Pick<InvocationSummary, "outcome" | "failure" | "kill" | "cpuMs"> {
  /** Null unless all went well. */
  readonly image: AppImage | null;
  /** It would be the same at any other time, see `image-cache`. */
  readonly isPure: boolean;
  /** What the top level began did not end in time. */
  readonly isUnsettled: boolean;
}

const LOOK_MS = 1;

export async function makeImage({ host, base, account, app, requestId, limits, bundle, env, bindings, hasPlaces, mapStack }: ImageOptions): Promise<ImageResult> {
  const clockStartMs = performance.now();
  const watched = watchedHost(host);
  const isolate = new Isolate({ host: watched.host, snapshot: base, account, memoryBytes: limits.memoryBytes, clockStartMs, mapStack, onCondemned: () => {} });
  try {
    const { isUnsettled, outcome, failure, kill, cpuMs } = await new Promise<InvocationSummary & Pick<ImageResult, "isUnsettled">>((settle) => {
      const invocation = isolate.open({
        requestId,
        app,
        // What it began gets as long as the top level itself.
        limits: { ...limits, timers: 0, subrequests: 0, waitUntilMs: limits.wallMs },
        startupCpuMs: limits.startupCpuMs,
        // A promise of a clone that waits for the host would wait forever: all of them settle before the snapshot.
        onAnswer: async () => {
          while ((invocation.pendingCalls > 0 || isolate.isBusy) && !invocation.isOver) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
          invocation.finish();
        },
        onFailure: () => invocation.finish(),
        onOver: (summary) => settle({ ...summary, isUnsettled: invocation.pendingCalls > 0 }),
      });
      invocation.enter("env", env, bindings);
      if (bundle.kind === "service-worker") invocation.enter("env_globals", 0);
      if (hasPlaces) invocation.enter("console_places", 1);
      if (bundle.doorName !== null) invocation.enter("door", bundle.doorName);
      isolate.evaluate(invocation, bundle.code, BUNDLE_FILE_NAME, "app");
    });
    if (outcome !== "ok" || isUnsettled) return { outcome, failure, kill, cpuMs, image: null, isPure: false, isUnsettled };
    await isolate.whenIdle();
    const snapshot = isolate.snapshot();
    const isPure = watched.isPure() && snapshot.hasDrawn !== true;
    return { outcome, failure, kill, cpuMs, image: { snapshot, clockMs: performance.now() - clockStartMs, startupCpuMs: cpuMs }, isPure, isUnsettled };
  } finally {
    isolate.dispose();
  }
}

/** Why there is no image, for the app's author. */
export function describeResult({ outcome, failure, kill, isUnsettled }: ImageResult): string {
  if (kill !== null) return describeKill(kill);
  if (failure !== null) return `${failure.name}: ${failure.message}`;
  return isUnsettled ? "its top level began something that did not end within wall_ms" : `its top level did not finish (${outcome})`;
}

function describeKill({ used, limit, limitKey, unit }: Kill): string {
  return `its top level used ${Math.round(used)} ${unit} of ${limitKey}, which allows ${Math.round(limit)} ${unit}`;
}
