/** A plan as it crosses to a worker: limits that apps share are there once. With ten thousand apps that is most of it. */
import type { AppConfig } from "../config/config.ts";
import type { AppLimits } from "../limits.ts";
import type { Plan, PlannedApp } from "./messages.ts";

export interface PlanWire {
  readonly version: number;
  readonly limits: readonly AppLimits[];
  /** `limits` of a config is a place in that list. */
  readonly apps: readonly (Omit<PlannedApp, "config"> & { readonly config: Omit<AppConfig, "limits"> & { readonly limits: number } })[];
}

export function planToWire({ version, apps }: Plan): PlanWire {
  const places = new Map<AppLimits, number>();
  return {
    version,
    apps: apps.map((app) => {
      const place = places.get(app.config.limits) ?? places.size;
      places.set(app.config.limits, place);
      return { ...app, config: { ...app.config, limits: place } };
    }),
    limits: [...places.keys()],
  };
}

export function planOfWire({ version, limits, apps }: PlanWire): Plan {
  return { version, apps: apps.map((app) => ({ ...app, config: { ...app.config, limits: limits[app.config.limits] as AppLimits } })) };
}
