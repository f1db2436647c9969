/**
 * The `scheduled` event: a handler that clocks call, https://developers.cloudflare.com/workers/runtime-apis/handlers/scheduled/. The invocation is answered with "ok"
 * when it is done; what it throws is an exception of the app, as of `fetch`.
 */
import { fireEvent, hasListener } from "../../events/guest/event-target.ts";
import { onEvent } from "../../infra/guest/events.ts";
import { hostOps } from "../../infra/guest/host-ops.ts";
import { promiseResolve, promiseThen, reflectApply, reflectConstruct, SafeTypeError } from "../../infra/guest/primordials.ts";
import { fetchOps } from "../ops.ts";
import { createContext, Work } from "./context.ts";
import { describeFailure } from "./failure.ts";
import { ExtendableEvent, withWork } from "./fetch-event.ts";
import { currentEnv, isClass, mainExport } from "./handler.ts";

const { respond, respond_error } = hostOps(fetchOps);

onEvent("scheduled", (id, cron, scheduledTime) => {
  const work = new Work(id);
  try {
    promiseThen(promiseResolve(call(work, cron as string, scheduledTime as number)), () => succeed(work), (error) => fail(work, error));
  } catch (error) {
    fail(work, error);
  }
});

function call(work: Work, cron: string, scheduledTime: number): unknown {
  const main = mainExport();
  // There are no other tries to give up.
  const noRetry = (): void => {};
  if (main === undefined && hasListener(globalThis, "scheduled")) {
    const event = withWork(work, () => new ExtendableEvent("scheduled")) as ExtendableEvent & { cron?: string; scheduledTime?: number; noRetry?: () => void };
    event.cron = cron;
    event.scheduledTime = scheduledTime;
    event.noRetry = noRetry;
    return fireEvent(globalThis, event);
  }
  const context = createContext(work);
  const target = (typeof main === "function" && isClass(main) ? reflectConstruct(main, [context, currentEnv()]) : main) as { scheduled?: unknown } | null | undefined;
  const method = target === null || target === undefined ? undefined : target.scheduled;
  if (typeof method !== "function") throw new SafeTypeError("the app has no scheduled handler: it must `export default { scheduled(controller, env, ctx) { … } }`");
  return reflectApply(method as (...args: unknown[]) => unknown, target, [{ type: "scheduled", cron, scheduledTime, noRetry }, currentEnv(), context]);
}

function succeed(work: Work): void {
  const isLast = work.isAnswerLast;
  respond(work.id, 200, "\ncontent-type\ntext/plain;charset=UTF-8\n", "ok", 0, isLast);
  if (!isLast) work.close();
}

function fail(work: Work, error: unknown): void {
  const { name, message, stack } = describeFailure(error);
  respond_error(work.id, name, message, stack);
  work.close();
}
