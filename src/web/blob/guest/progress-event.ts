/** ProgressEvent (https://xhr.spec.whatwg.org/#interface-progressevent). */
import { Event } from "../../events/guest/event.ts";
import { defineInterface, requireArguments } from "../../infra/guest/webidl.ts";
import { toDictionary, toDouble } from "../../infra/guest/webidl-convert.ts";

export class ProgressEvent extends Event {
  #isComputable = false;
  #loaded = 0;
  #total = 0;

  constructor(type: unknown, init?: unknown) {
    requireArguments(arguments.length, 1, "ProgressEvent");
    super(type, init);
    const options = toDictionary(init, "ProgressEvent: init");
    if (options === undefined) return;
    const { lengthComputable, loaded, total } = options;
    this.#isComputable = !!lengthComputable;
    if (loaded !== undefined) this.#loaded = toDouble(loaded, "ProgressEvent: loaded");
    if (total !== undefined) this.#total = toDouble(total, "ProgressEvent: total");
  }
  get lengthComputable(): boolean {
    return this.#isComputable;
  }
  get loaded(): number {
    return this.#loaded;
  }
  get total(): number {
    return this.#total;
  }
}
defineInterface(ProgressEvent, "ProgressEvent", { length: 1, inspected: ["type", "loaded", "total"] });
