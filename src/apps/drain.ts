/** Drain, for one app or for the whole process: nothing new starts, what runs may finish for a while. */
import type { App } from "./app.ts";

const POLL_MS = 20;

/** Resolves when nothing is in flight any more, or after `graceMs`, with the names of the apps that were not done. */
export async function drain(apps: readonly App[], graceMs: number): Promise<readonly string[]> {
  for (const app of apps) app.startDraining();
  const until = performance.now() + graceMs;
  while (apps.some((app) => app.inFlight > 0)) {
    if (performance.now() >= until) return apps.filter((app) => app.inFlight > 0).map((app) => app.name);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return [];
}
