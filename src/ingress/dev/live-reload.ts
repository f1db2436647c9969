/**
 * Live reload: pages of `nano dev` load themselves again when their app is replaced, and when nano has been started anew. A page's script follows a stream of events on a path that no
 * app sees; it says what is served, and when that is something else than the script knows, the page is out of date. A page may come from a cache, the script never does.
 */
import { randomUUID } from "node:crypto";

export const SCRIPT_PATH = "/_nano/live-reload.js";
export const EVENTS_PATH = "/_nano/live-reload";

/** Browsers try again after so long when nano is gone. */
const RETRY_MS = 300;

/** A tab that is not looked at gives its connection back: browsers open six to a host. */
const scriptFor = (version: string) => `(() => {
  const self = document.currentScript, url = new URL(${JSON.stringify(EVENTS_PATH)}, self.src);
  const version = self.dataset.version ?? ${JSON.stringify(version)};
  let events = null;
  const open = () => {
    if (events !== null) return;
    events = new EventSource(url);
    events.onmessage = ({ data }) => {
      if (data !== version) { close(); location.reload(); }
    };
    events.onerror = () => {
      if (events?.readyState !== EventSource.CLOSED) return;
      close(); setTimeout(follow, ${RETRY_MS});
    };
  };
  const close = () => { events?.close(); events = null; };
  const follow = () => (document.visibilityState === "hidden" ? close() : open());
  addEventListener("pagehide", close);
  addEventListener("pageshow", follow);
  document.addEventListener("visibilitychange", follow);
  follow();
})();
`;

/** Proxies cut what is quiet. */
const BEAT_MS = 25_000;
const encoder = new TextEncoder();

export class LiveReload {
  readonly #start = randomUUID().slice(0, 8);
  readonly #counts = new Map<string, number>();
  readonly #streams = new Map<ReadableStreamDefaultController<Uint8Array>, string>();
  #beat: ReturnType<typeof setInterval> | null = null;

  /** What is served of `app`, as far as a page can tell. */
  versionOf(app: string): string {
    return `${this.#start}.${this.#counts.get(app) ?? 0}`;
  }

  /** Another revision of `app` answers from now on. */
  replaced(app: string): void {
    this.#counts.set(app, (this.#counts.get(app) ?? 0) + 1);
    for (const [controller, follows] of this.#streams) if (follows === app) this.#send(controller, `data: ${this.versionOf(app)}\n\n`);
  }

  script(app: string): Response {
    return new Response(scriptFor(this.versionOf(app)), { headers: { "content-type": "text/javascript; charset=utf-8", "cache-control": "no-store" } });
  }

  events(app: string): Response {
    let own: ReadableStreamDefaultController<Uint8Array>;
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        own = controller;
        this.#streams.set(controller, app);
        this.#send(controller, `retry: ${RETRY_MS}\ndata: ${this.versionOf(app)}\n\n`);
        this.#beat ??= setInterval(() => {
          for (const follower of this.#streams.keys()) this.#send(follower, ":\n\n");
        }, BEAT_MS);
      },
      cancel: () => this.#forget(own),
    });
    return new Response(stream, { headers: { "content-type": "text/event-stream", "cache-control": "no-store" } });
  }

  /** Ends all streams: nothing waits for them when nano stops. */
  close(): void {
    for (const controller of [...this.#streams.keys()]) {
      this.#forget(controller);
      controller.close();
    }
  }

  #send(controller: ReadableStreamDefaultController<Uint8Array>, text: string): void {
    controller.enqueue(encoder.encode(text));
  }

  #forget(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#streams.delete(controller);
    if (this.#streams.size > 0 || this.#beat === null) return;
    clearInterval(this.#beat);
    this.#beat = null;
  }
}
