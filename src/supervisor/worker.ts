/** A worker as the fleet sees it: in a process of its own, or in this one. */
import type { Bundle } from "../apps/load/bundle.ts";
import { bundleOfWire, bundleToWire } from "../apps/load/bundle-wire.ts";
import type { LoadedArtifacts } from "../artifacts.ts";
import type { Observer } from "../observe/observer.ts";
import type { BundleStore } from "./bundle-store.ts";
import type { Channel } from "./channel.ts";
import { type BundleSource, DataPlane } from "./data-plane.ts";
import type { SupervisorMethods, WorkerMethods } from "./messages.ts";

export interface Worker {
  /** No two workers of a supervisor's life share one. */
  readonly id: number;
  readonly pid: number;
  readonly hello: Promise<void>;
  readonly exited: Promise<string>;
  readonly call: Channel<WorkerMethods, SupervisorMethods>["call"];
  /** Null where there is nothing to watch. */
  readonly pulse: { fault(): string | null; beat(): void } | null;
  kill(): void;
  release(): void;
}

/** The worker of a nano that has everything in one process. */
export function localWorker(id: number, artifacts: () => Promise<LoadedArtifacts>, observer: Observer, store: BundleStore, onLines: (lines: readonly string[]) => void): Worker {
  const bundles: BundleSource = {
    async get(app, source, make) {
      const known = await store.ask(app, source, id);
      if (known !== null) return bundleOfWire(known);
      let made: Bundle | null = null;
      try {
        made = await make();
        return made;
      } finally {
        store.made(app, source, made === null ? null : bundleToWire(made));
      }
    },
  };
  const plane = new DataPlane({ artifacts, bundles, observerFor: () => observer, onLines });
  const ended = Promise.withResolvers<string>();
  const close = (): void => {
    plane.close();
    ended.resolve("closed");
  };
  return {
    id,
    pid: process.pid,
    hello: Promise.resolve(),
    exited: ended.promise,
    call: (method, params) => (plane[method] as (params: unknown) => Promise<never>)(params),
    pulse: null,
    kill: close,
    release: close,
  };
}
