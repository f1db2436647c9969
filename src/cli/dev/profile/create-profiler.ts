/** The profiler of `nano dev`, where it tells what it finds: the terminal, or the log of whoever reads it with a program. */
import type { Observer } from "../../../observe/observer.ts";
import type { Page } from "../page.ts";
import type { Paint } from "../paint.ts";
import { functionsOf, nameOf, placeOf } from "./functions.ts";
import { Profiler } from "./profiler.ts";
import { profileLines } from "./report.ts";

export const PROFILE_FILE = "nano-profile.html";

export interface ProfilerPlace {
  /** Absolute. */
  readonly file: string;
  readonly paint: Paint;
  /** Null where machines read along. */
  readonly page: Page | null;
  readonly log: Pick<Observer, "event">;
}

export function createProfiler({ file, paint, page, log }: ProfilerPlace): Profiler {
  if (page === null) log.event("profiling", { file });
  else page.show(`${paint.dim("profiling")} every request; flame graph in ${file}\n`);
  return new Profiler({
    file,
    show: ({ app, method, path, profile }) => {
      if (page !== null) {
        page.show(profileLines(profile, paint));
        return;
      }
      const [top] = functionsOf(profile);
      log.event("profile", { app, method, path, fuel: profile.fuel, samples: profile.samples, ...(top === undefined ? {} : { top: `${nameOf(top.fn)} ${placeOf(top.fn)}`, top_fuel: top.selfFuel }) });
    },
    tellFault: (error) => log.event("profile_failed", { file, error: error instanceof Error ? error.message : String(error) }),
  });
}
