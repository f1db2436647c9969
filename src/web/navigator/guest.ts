/** `navigator` with the one member that server runtimes share, and `self` (https://html.spec.whatwg.org/#the-navigator-object). */
import { constructionKey, defineInterface, exposeAttribute, requireConstructionKey } from "../infra/guest/webidl.ts";

export class Navigator {
  #userAgent = "nano";
  constructor(key?: symbol) {
    requireConstructionKey(key);
  }
  get userAgent(): string {
    return this.#userAgent;
  }
}
defineInterface(Navigator, "Navigator");

const navigator = new Navigator(constructionKey);
exposeAttribute("navigator", () => navigator);
exposeAttribute("self", () => globalThis);
