/** The `drain` event on `globalThis`: this isolate takes nothing new any more, and ends at the deadline or when all is done. No standard has it; the class is not exposed. */
import { fireEvent, hasListener } from "../../events/guest/event-target.ts";
import { onEvent } from "../../infra/guest/events.ts";
import { constructionKey, defineInterface, requireConstructionKey } from "../../infra/guest/webidl.ts";
import { Work } from "./context.ts";
import { ExtendableEvent, withWork } from "./fetch-event.ts";

class DrainEvent extends ExtendableEvent {
  #reason: string;
  #deadline: number;

  constructor(key: symbol, reason: string, deadline: number) {
    requireConstructionKey(key);
    super("drain");
    this.#reason = reason;
    this.#deadline = deadline;
  }

  /** `shutdown`, `removed` or `replaced`. */
  get reason(): string {
    return this.#reason;
  }
  /** On the clock of `Date.now()`. */
  get deadline(): number {
    return this.#deadline;
  }
}
defineInterface(DrainEvent, "DrainEvent", { exposed: false, inspected: ["type", "reason", "deadline"] });

onEvent("drain", (id, reason, deadline) => {
  const work = new Work(id);
  try {
    if (hasListener(globalThis, "drain")) fireEvent(globalThis, withWork(work, () => new DrainEvent(constructionKey, reason as string, deadline as number)));
  } finally {
    work.close();
  }
});
