/** What a handler is given besides the request: the context (`ctx`), and when an invocation has nothing left to do. */
import { reportException } from "../../events/guest/report.ts";
import { hostOps } from "../../infra/guest/host-ops.ts";
import { objectFreeze, promiseResolve, promiseThen } from "../../infra/guest/primordials.ts";
import { defineInterface, constructionKey, requireArguments, requireConstructionKey } from "../../infra/guest/webidl.ts";
import { fetchOps } from "../ops.ts";

const { invocation_done } = hostOps(fetchOps);

/** Counts what keeps an invocation going: the answer itself, and every promise it waits for. */
export class Work {
  declare readonly id: number;
  declare passesThrough: boolean;
  declare open: number;

  constructor(id: number) {
    (this as { id: number }).id = id;
  }

  static {
    // Every request makes one: a member of the prototype costs nothing to make.
    Work.prototype.passesThrough = false;
    Work.prototype.open = 1;
  }

  /** The invocation lasts until `promise` has settled. A rejection is told, and harms nobody. */
  waitFor(promise: unknown): void {
    promiseThen(
      promiseResolve(promise),
      () => this.close(),
      (error) => {
        try {
          reportException(error);
        } finally {
          this.close();
        }
      },
    );
    // Last: a promise that cannot be waited for is the app's exception, and nothing is left open.
    this.open++;
  }

  /** Nothing is waited for but the answer. */
  get isAnswerLast(): boolean {
    return this.open === 1;
  }

  /** The answer has been given, or one promise less is waited for. */
  close(): void {
    if (--this.open === 0) invocation_done(this.id);
  }
}

/** https://developers.cloudflare.com/workers/runtime-apis/context/ */
export class ExecutionContext {
  #work: Work;

  constructor(key?: symbol, work?: Work) {
    requireConstructionKey(key);
    this.#work = work as Work;
  }

  waitUntil(promise: unknown): void {
    const work = this.#work;
    requireArguments(arguments.length, 1, "ExecutionContext.waitUntil");
    work.waitFor(promise);
  }
  passThroughOnException(): void {
    this.#work.passesThrough = true;
  }
  get props(): object {
    this.#work;
    return NO_PROPS;
  }

}
defineInterface(ExecutionContext, "ExecutionContext", { exposed: false });
const NO_PROPS = objectFreeze({ __proto__: null });

export const createContext = (work: Work): ExecutionContext => new ExecutionContext(constructionKey, work);
