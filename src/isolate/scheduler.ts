/**
 * Shares the thread between apps. Guest code runs only inside a grant, for about one slice; between turns the event
 * loop accepts, reads and fires timers. The next grant goes to the app that has burnt the least fuel of those that wait.
 */

/** What one app has burnt, as the scheduler counts it. All isolates of an app share one account. */
export class Account {
  readonly name: string;
  /** Fuel burnt, moved forward when the account wakes so that idling saves nothing up. */
  virtualFuel = 0;
  readonly entries: Grant[] = [];
  /** Of isolates that used up a slice. */
  readonly resumptions: Grant[] = [];
  /** Since when it waits to be granted something. */
  waitingSince = 0;

  constructor(name: string) {
    this.name = name;
  }
}

/**
 * Runs guest code for at most a slice. An entry runs before `grant` returns; a resumed isolate runs in the microtasks after it.
 * Returns true in the second case.
 */
export type Grant = () => boolean;

export interface SchedulerOptions {
  readonly now: () => number;
  /** Runs `turn` as a macrotask after pending I/O had its chance. */
  readonly defer: (turn: () => void) => void;
  /** Entries are granted in one turn until this much time has passed. Milliseconds. */
  readonly turnMs: number;
  /** How long an account that waited had to. Milliseconds. */
  readonly onWaited?: (ms: number) => void;
}

/** So many entries are let in at once before anybody asks whether the event loop has turned meanwhile. Asking costs a turn of its own. */
const UNASKED_GRANTS = 8;
/** After a slice that was used up, so many times its length belongs to entries, as long as there are any: an app that always has more to do costs the others a quarter of the thread. */
const REST_SLICES = 3;
/** Entries are as good as there for so long after the last: what their answers bring is on its way through the event loop. Milliseconds. */
const GRACE_MS = 0.2;

export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #waiting = new Set<Account>();
  readonly #turn = () => this.#runTurn();
  #floor = 0;
  #scheduled = false;
  #granting = false;
  /** Grants given at once since the event loop is known to have turned, and until when there may be more. */
  #atOnce = 0;
  #atOnceUntil = 0;
  /** When the last grant in a turn was given; negative for one that was given at once. */
  #grantedAtMs = -1;
  /** When the last entry in a turn was over. */
  #enteredAtMs = Number.NEGATIVE_INFINITY;
  /** Until then entries come before what used up its slice. */
  #restUntilMs = 0;
  readonly #loopTurned = () => {
    this.#atOnce = 0;
  };

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  /** Number of grants that wait. */
  get backlog(): number {
    let n = 0;
    for (const account of this.#waiting) n += account.entries.length + account.resumptions.length;
    return n;
  }

  /**
   * Runs `grant` at once when nobody else wants the thread, else in its turn. Who settles what the guest waits for may do so in a microtask, and again after the
   * next entry: such a chain has to let the event loop turn, for it alone knows who else wants the thread.
   */
  request(account: Account, grant: Grant): void {
    if (account.virtualFuel < this.#floor) account.virtualFuel = this.#floor;
    if (!this.#scheduled && !this.#granting && this.#waiting.size === 0 && this.#mayGrantAtOnce()) {
      // Whoever runs alone carries the floor along: a newcomer must not get the time that the others had when it was not there.
      this.#floor = account.virtualFuel;
      this.#grantedAtMs = -1;
      this.#granting = true;
      try {
        grant();
      } finally {
        this.#granting = false;
      }
      return;
    }
    this.#wait(account, account.entries, grant);
  }

  /** Runs `grant` in a later turn, never inside the caller. For isolates that used up a slice. */
  requestLater(account: Account, grant: Grant): void {
    if (account.virtualFuel < this.#floor) account.virtualFuel = this.#floor;
    const now = this.#options.now();
    this.#restUntilMs = this.#grantedAtMs < 0 ? now : now + REST_SLICES * (now - this.#grantedAtMs);
    this.#wait(account, account.resumptions, grant);
  }

  #wait(account: Account, grants: Grant[], grant: Grant): void {
    if (!this.#waiting.has(account)) account.waitingSince = this.#options.now();
    grants.push(grant);
    this.#waiting.add(account);
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#options.defer(this.#turn);
  }

  charge(account: Account, fuel: number): void {
    account.virtualFuel += fuel;
  }

  #mayGrantAtOnce(): boolean {
    if (++this.#atOnce < UNASKED_GRANTS) return true;
    if (this.#atOnce > UNASKED_GRANTS) return this.#options.now() < this.#atOnceUntil;
    this.#atOnceUntil = this.#options.now() + this.#options.turnMs;
    this.#options.defer(this.#loopTurned);
    return true;
  }

  #runTurn(): void {
    const { onWaited } = this.#options;
    let now = this.#options.now();
    const until = now + this.#options.turnMs;
    this.#granting = true;
    try {
      do {
        const account = this.#next(now);
        if (account === null) break;
        const isResting = now < this.#restUntilMs;
        const resumption = isResting && account.entries.length > 0 ? undefined : account.resumptions.shift();
        const grant = resumption ?? account.entries.shift();
        this.#grantedAtMs = now;
        onWaited?.(now - account.waitingSince);
        account.waitingSince = now;
        if (account.entries.length + account.resumptions.length === 0) this.#waiting.delete(account);
        if (grant?.() === true) break;
        now = this.#options.now();
        if (resumption === undefined) this.#enteredAtMs = now;
      } while (now < until);
    } finally {
      this.#granting = false;
      this.#scheduled = this.#waiting.size > 0;
      if (this.#scheduled) this.#options.defer(this.#turn);
    }
  }

  #next(now: number): Account | null {
    let least: Account | null = null;
    let leastEntry: Account | null = null;
    for (const account of this.#waiting) {
      if (least === null || account.virtualFuel < least.virtualFuel) least = account;
      if (account.entries.length > 0 && (leastEntry === null || account.virtualFuel < leastEntry.virtualFuel)) leastEntry = account;
    }
    const isResting = now < this.#restUntilMs && (leastEntry !== null || now <= this.#enteredAtMs + GRACE_MS);
    if (isResting) least = leastEntry;
    if (least !== null && least.virtualFuel > this.#floor) this.#floor = least.virtualFuel;
    return least;
  }
}
