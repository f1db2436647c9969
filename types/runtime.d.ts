/** What an app is given by nano. Everything is inside a namespace of its own, so that other types of Workers may stand beside it. */
declare namespace Nano {
  /** What the app finds in `env`. `nano types` fills it from the config. */
  interface Env {}

  /** The third argument of a handler. */
  interface Context {
    /** The request is over when the promise has settled, and not before. */
    waitUntil(promise: PromiseLike<unknown>): void;
    /** If the app throws, the upstream that the config calls `fallback` answers. */
    passThroughOnException(): void;
    readonly props: Readonly<Record<string, unknown>>;
  }

  /** An app: `export default { … } satisfies Nano.Handler`. */
  interface Handler<E = Env> {
    fetch?(request: Request, env: E, ctx: Context): Response | PromiseLike<Response>;
    /** Called by hand in `nano dev`: /cdn-cgi/handler/scheduled?cron=… */
    scheduled?(controller: ScheduledController, env: E, ctx: Context): unknown;
  }

  interface ScheduledController {
    readonly type: "scheduled";
    readonly cron: string;
    /** Unix milliseconds. */
    readonly scheduledTime: number;
    noRetry(): void;
  }

  /** The app's static files, under the name that `assets.binding` of the config gives them. */
  interface Assets {
    fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
  }

  /** `addEventListener("drain", …)`: this isolate gets nothing new any more, and ends at the deadline or when all is done. */
  interface DrainEvent extends Event {
    readonly reason: "shutdown" | "removed" | "replaced";
    /** On the clock of `Date.now()`. */
    readonly deadline: number;
    waitUntil(promise: PromiseLike<unknown>): void;
  }
}
