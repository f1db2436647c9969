/** A steady trickle of requests, each on a connection of its own, so that a server that does not listen for a moment is seen to refuse. */

export interface Trickled {
  readonly requests: number;
  /** How often what went wrong: a status, or a kind of error. */
  readonly failures: Readonly<Record<string, number>>;
  readonly slowestMs: number;
}

const TIMEOUT_MS = 10_000;

export class Trickle {
  readonly #url: string;
  readonly #failures: Record<string, number> = {};
  readonly #open = new Set<Promise<void>>();
  readonly #timer: ReturnType<typeof setInterval>;
  #requests = 0;
  #slowestMs = 0;

  private constructor(url: string, perSecond: number) {
    this.#url = url;
    this.#timer = setInterval(() => this.#ask(), 1000 / perSecond);
  }

  static start(url: string, perSecond: number): Trickle {
    return new Trickle(url, perSecond);
  }

  /** Resolves when the last answer has come or has been given up. */
  async stop(): Promise<Trickled> {
    clearInterval(this.#timer);
    await Promise.all(this.#open);
    return { requests: this.#requests, failures: this.#failures, slowestMs: this.#slowestMs };
  }

  #ask(): void {
    this.#requests++;
    const asking = this.#answer();
    this.#open.add(asking);
    void asking.finally(() => this.#open.delete(asking));
  }

  async #answer(): Promise<void> {
    const asked = performance.now();
    try {
      const response = await fetch(this.#url, { headers: { connection: "close" }, signal: AbortSignal.timeout(TIMEOUT_MS) });
      await response.text();
      if (response.status !== 200) this.#fail(String(response.status));
    } catch (error) {
      this.#fail((error as { code?: string }).code ?? (error as Error).name);
    }
    this.#slowestMs = Math.max(this.#slowestMs, performance.now() - asked);
  }

  #fail(why: string): void {
    this.#failures[why] = (this.#failures[why] ?? 0) + 1;
  }
}
