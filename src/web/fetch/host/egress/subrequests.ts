/** The subrequests that are under way: how many an invocation and an app may have, and how one is aborted. */
import { GuestError } from "../../../../isolate/guest-error.ts";
import type { Invocation } from "../../../../isolate/invocation.ts";
import { type Place, Places } from "./places.ts";

interface OfInvocation {
  started: number;
  readonly places: Places;
  readonly running: Map<number, AbortController>;
}

/** One subrequest, from the call until its last byte. */
export interface Subrequest {
  /** Aborted by the guest and with the invocation. */
  readonly signal: AbortSignal;
  /** Waits for a place among the invocation's and the app's. */
  admitted(appSubrequestsAtOnce: number): Promise<void>;
  /** Its body waits for the guest to read on. `relieve`: see `Place.rest`. */
  rest(relieve: () => void): void;
  /** The guest reads on. */
  wake(): void;
  /** Over. Idempotent. */
  end(): void;
}

export class Subrequests {
  readonly #invocations = new WeakMap<Invocation, OfInvocation>();
  readonly #apps = new Map<string, Places>();

  /** `id` is the guest's, for `abort`. Throws a guest TypeError when the invocation has had all it may have. */
  start(invocation: Invocation, id: number): Subrequest {
    const { limits, app } = invocation;
    const mine = this.#of(invocation);
    if (limits.subrequests === 0) throw new GuestError("TypeError", "fetch may only be called while a request is handled");
    if (mine.started >= limits.subrequests) throw new GuestError("TypeError", `fetch: a request may cause no more than ${limits.subrequests} subrequests (subrequests)`);
    if (mine.running.has(id)) throw new GuestError("TypeError", "fetch: this subrequest is running already");
    mine.started++;
    const controller = new AbortController();
    const { signal } = controller;
    const onOver = (): void => controller.abort(new GuestError("TypeError", "this request has ended"));
    if (invocation.signal.aborted) onOver();
    invocation.signal.addEventListener("abort", onOver, { once: true });
    mine.running.set(id, controller);
    const places: Place[] = [];
    return {
      signal,
      admitted: async (appSubrequestsAtOnce) => {
        places.push(await mine.places.take(limits.subrequestsAtOnce, signal));
        places.push(await this.#takeOfApp(app, appSubrequestsAtOnce, signal));
      },
      rest: (relieve) => {
        for (const place of places) place.rest(relieve);
      },
      wake: () => {
        for (const place of places) place.wake();
      },
      end: () => {
        mine.running.delete(id);
        invocation.signal.removeEventListener("abort", onOver);
        for (const place of places) place.leave();
      },
    };
  }

  /** Does nothing when `id` is none of the invocation's subrequests, or over. */
  abort(invocation: Invocation, id: number): void {
    this.#invocations.get(invocation)?.running.get(id)?.abort(new GuestError("AbortError", "The operation was aborted."));
  }

  #of(invocation: Invocation): OfInvocation {
    let mine = this.#invocations.get(invocation);
    if (mine === undefined) {
      mine = { started: 0, places: new Places(), running: new Map() };
      this.#invocations.set(invocation, mine);
    }
    return mine;
  }

  async #takeOfApp(app: string, most: number, signal: AbortSignal): Promise<Place> {
    const places = this.#apps.get(app) ?? new Places();
    this.#apps.set(app, places);
    const forget = (): void => {
      if (places.isIdle && this.#apps.get(app) === places) this.#apps.delete(app);
    };
    try {
      const place = await places.take(most, signal);
      return {
        ...place,
        leave: () => {
          place.leave();
          forget();
        },
      };
    } catch (error) {
      forget();
      throw error;
    }
  }
}
