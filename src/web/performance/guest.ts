/** Performance (https://w3c.github.io/hr-time/#the-performance-interface). */
import { EventTarget } from "../events/guest/event-target.ts";
import { constructionKey, defineInterface, exposeAttribute, requireConstructionKey } from "../infra/guest/webidl.ts";
import { monotonicNow, timeOrigin } from "./guest/clock.ts";

export class Performance extends EventTarget {
  #brand = true;
  constructor(key?: symbol) {
    requireConstructionKey(key);
    super();
  }
  now(): number {
    this.#brand;
    return monotonicNow();
  }
  get timeOrigin(): number {
    this.#brand;
    return timeOrigin();
  }
  toJSON(): { timeOrigin: number } {
    this.#brand;
    return { timeOrigin: timeOrigin() };
  }
}
defineInterface(Performance, "Performance");

const performance = new Performance(constructionKey);
exposeAttribute("performance", () => performance);
