/** CATALOGUE of bindings, host side: what the code of apps may find in `env` besides values. The guest side is `guest.ts`. */
import { type Room, room } from "../isolate/op-table.ts";
import { createAssetsHost } from "./assets/host.ts";
import type { Assets } from "./assets/host/assets.ts";
import { assetsOps } from "./assets/ops.ts";

/** What the rooms need of those who run them. */
export interface BindingServices {
  /** The static files of an app; undefined for one that has none, or is gone. */
  readonly assetsOf: (app: string) => Pick<Assets, "fetch"> | undefined;
}

export function createBindings(services: BindingServices): readonly Room[] {
  return [room("assets", assetsOps, createAssetsHost(services.assetsOf))];
}
