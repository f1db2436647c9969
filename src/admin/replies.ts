/** What the admin API answers with: one schema for the types that `Operations` deals in, for the OpenAPI document, and for the test that replies are what that document says. */
import * as v from "valibot";

const text = (description: string) => v.pipe(v.string(), v.description(description));
const count = (description: string) => v.pipe(v.number(), v.integer(), v.minValue(0), v.description(description));
const amount = (description: string) => v.pipe(v.number(), v.minValue(0), v.description(description));
const yes = (description: string) => v.pipe(v.boolean(), v.description(description));
const time = (description: string) => v.pipe(v.string(), v.isoTimestamp(), v.description(description));
const texts = (description: string) => v.pipe(v.array(v.string()), v.description(description));
const counts = (description: string) => v.pipe(v.record(v.string(), v.number()), v.description(description));

const drainEntries = {
  reason: v.pipe(v.picklist(["shutdown", "removed", "replaced"]), v.description("Why it stops.")),
  started_at: time("When it began to take nothing new."),
  deadline: time("When what is left then is ended."),
  in_flight: count("Requests that are not over."),
};

export const drainSchema = v.object(drainEntries);

export const appStatusSchema = v.object({
  name: text("The app's name."),
  hostnames: texts("Hosts that it serves."),
  is_default: yes("It serves hosts that no other app has."),
  path: text("Its file or folder."),
  revision: count("Counts its loads, from 1; the one that serves."),
  state: v.pipe(v.picklist(["loading", "ready", "draining", "failed", "quarantined"]), v.description("`loading` includes apps that nobody has asked for yet.")),
  error: v.pipe(v.nullable(v.string()), v.description("Why its newest load failed; it may still serve the revision before.")),
  in_flight: count("Requests that run or wait."),
  queued: count("Those of them that wait for a place."),
  isolates: count("Live isolates."),
  memory_bytes: count("Linear memory of all of its isolates."),
  memory_percent: amount("The fullest isolate's memory, in percent of `memory_mb`."),
  limits: counts("Its limits by the names and in the units of the config."),
  requests: count("Requests since it was added, on all revisions."),
  errors: count("Those of them that were answered with a status of 500 or above."),
  kills: counts("Isolates that a limit ended, by outcome."),
  cpu_ms: amount("CPU time of its code."),
  last_request_at: v.pipe(v.nullable(v.pipe(v.string(), v.isoTimestamp())), v.description("When it was last asked.")),
  quarantine_ms: count("How much longer it rests; 0 when it does not."),
  drain: v.pipe(v.nullable(drainSchema), v.description("How far it is, when it stops.")),
  retiring: v.pipe(v.array(v.object({ revision: count("Which."), ...drainEntries })), v.description("Revisions that were replaced and finish what they had begun.")),
});

export const envReportSchema = v.object({
  app: text("The app's name."),
  variables: v.array(
    v.object({
      name: text("The variable."),
      bytes: count("Size of its value. Values are never shown."),
      is_secret: yes("It is one of `secrets`."),
    }),
  ),
  total_bytes: count("Names and values together."),
});

export const reloadReportSchema = v.object({
  is_changed: yes("Something is not as before."),
  added: texts("Apps that are new."),
  removed: texts("Apps that are gone, or drain."),
  replaced: v.pipe(v.array(v.object({ name: text("The app."), fields: texts("Keys of the app that changed; `source` for its code.") })), v.description("Apps with a new revision.")),
  needs_restart: texts("Keys that changed and hold from the next start on, such as `port`."),
  failed: v.pipe(v.array(v.object({ name: text("The app."), error: text("Why it did not load.") })), v.description("Apps that stayed as they were.")),
});

export const healthSchema = v.object({
  is_live: yes("The process works."),
  is_ready: yes("It is to be sent requests."),
  reasons: texts("Why it is not ready, or what is amiss although it is."),
  version: text("Of nano."),
  uptime_s: amount("Seconds since the start."),
  workers: v.array(
    v.object({
      id: count("From 1; 0 for the process itself when there are no workers."),
      pid: count("Process id."),
      state: v.picklist(["starting", "ready", "draining", "dead"]),
      restarts: count("How often it was replaced."),
    }),
  ),
});

export type AppStatus = v.InferOutput<typeof appStatusSchema>;
export type DrainStatus = v.InferOutput<typeof drainSchema>;
export type EnvReport = v.InferOutput<typeof envReportSchema>;
export type ReloadReport = v.InferOutput<typeof reloadReportSchema>;
export type Health = v.InferOutput<typeof healthSchema>;
