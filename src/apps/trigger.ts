/** Requests of `nano dev` that stand for events: `curl localhost:3000/cdn-cgi/handler/scheduled?cron=*+*+*+*+*` calls the app's `scheduled`. */

export interface Trigger {
  readonly event: "scheduled";
  readonly cron: string;
  /** Unix milliseconds. */
  readonly timeMs: number;
}

/** https://developers.cloudflare.com/workers/runtime-apis/handlers/scheduled/#test-cron-triggers-locally, and the older name of it. */
const PATH = /^https?:\/\/[^/]*\/cdn-cgi\/(?:handler|mf)\/scheduled(?:\?|$)/;
const ANY = "* * * * *";

/** Null for a request that is one. */
export function triggerOf(url: string, nowMs: number): Trigger | null {
  if (!PATH.test(url)) return null;
  const { searchParams } = new URL(url);
  const time = Number(searchParams.get("time") ?? Number.NaN);
  return { event: "scheduled", cron: searchParams.get("cron") ?? ANY, timeMs: Number.isFinite(time) ? time : nowMs };
}
