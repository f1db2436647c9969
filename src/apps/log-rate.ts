/** How much an app may log per second, whoever of its invocations does it. What is past that is counted, and told once a second. */
export class LogRate {
  #second = 0;
  #bytes = 0;
  #dropped = 0;

  /** Whether `bytes` more may be logged at `nowMs`, and how many lines the seconds before lost, to be told now. */
  take(bytes: number, limitBytes: number, nowMs: number): { readonly isAllowed: boolean; readonly dropped: number } {
    const second = Math.floor(nowMs / 1000);
    let dropped = 0;
    if (second !== this.#second) {
      dropped = this.#dropped;
      this.#second = second;
      this.#bytes = 0;
      this.#dropped = 0;
    }
    this.#bytes += bytes;
    const isAllowed = this.#bytes <= limitBytes;
    if (!isAllowed) this.#dropped++;
    return { isAllowed, dropped };
  }
}
