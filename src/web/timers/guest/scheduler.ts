/** `scheduler.wait` of Workers (https://developers.cloudflare.com/workers/runtime-apis/scheduler/): a timer as a promise. */
import { abortReason, addAbortAlgorithm, isAborted, isAbortSignal, removeAbortAlgorithm } from "../../abort/guest.ts";
import { promiseReject, SafePromise, SafeTypeError } from "../../infra/guest/primordials.ts";
import { constructionKey, defineInterface, exposeObject, requireArguments, requireConstructionKey } from "../../infra/guest/webidl.ts";
import { toDictionary, toLong } from "../../infra/guest/webidl-convert.ts";
import { cancelTimer, startTimer } from "../guest.ts";

export class Scheduler {
  #brand = true;

  constructor(key?: symbol) {
    requireConstructionKey(key);
  }

  /** Resolves after `delay` milliseconds; rejects with the signal's reason when that comes first. */
  wait(delay: unknown, options?: unknown): Promise<undefined> {
    try {
      this.#brand;
      requireArguments(arguments.length, 1, "Scheduler.wait");
      const delayMs = toLong(delay, "Scheduler.wait");
      const signal = toDictionary(options, "Scheduler.wait")?.["signal"];
      if (signal === undefined) return new SafePromise((resolve) => void startTimer(() => resolve(undefined), delayMs));
      if (!isAbortSignal(signal)) throw new SafeTypeError("Scheduler.wait: the signal is no AbortSignal");
      if (isAborted(signal)) return promiseReject(abortReason(signal));
      return new SafePromise((resolve, reject) => {
        const abort = (): void => {
          cancelTimer(timer);
          reject(abortReason(signal));
        };
        const timer = startTimer(() => {
          removeAbortAlgorithm(signal, abort);
          resolve(undefined);
        }, delayMs);
        addAbortAlgorithm(signal, abort);
      });
    } catch (error) {
      return promiseReject(error);
    }
  }
}
defineInterface(Scheduler, "Scheduler", { lengths: { wait: 1 } });
exposeObject("scheduler", new Scheduler(constructionKey));
