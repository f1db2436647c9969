/** What tests that were written for Vitest, Bun or Cloudflare's pool import besides: the same things under other names. */
import { clearAllMocks, fn, isMockFunction, resetAllMocks, restoreAllMocks, spyOn } from "@vitest/spy";
import type { App } from "./app.ts";
import { clock } from "./clock.ts";

type Time = Date | number | string;

const globals = globalThis as unknown as Record<string, unknown>;
const stubbed = new Map<string, { readonly was: unknown; readonly isOwn: boolean }>();

const absent = (what: string, instead: string) => (): never => {
  throw new Error(`${what} is not there under nano test: ${instead}`);
};
const WAIT = "timers run in the app too, which takes turns: await vi.advanceTimersByTimeAsync(ms)";

/** `vi` of Vitest, `jest` of Bun. */
export const vi = {
  fn,
  spyOn,
  isMockFunction,
  clearAllMocks,
  resetAllMocks,
  restoreAllMocks,
  mocked: (value: unknown) => value,
  useFakeTimers({ now }: { readonly now?: Time } = {}) {
    clock.stop(now);
    return vi;
  },
  useRealTimers() {
    clock.start();
    return vi;
  },
  setSystemTime(time: Time) {
    clock.stop(time);
    return vi;
  },
  advanceTimersByTimeAsync: (ms: number) => clock.advance(ms),
  getTimerCount: () => clock.pending,
  advanceTimersByTime: absent("vi.advanceTimersByTime", WAIT),
  runAllTimers: absent("vi.runAllTimers", WAIT),
  stubGlobal(name: string, value: unknown) {
    if (!stubbed.has(name)) stubbed.set(name, { was: globals[name], isOwn: name in globals });
    globals[name] = value;
    return vi;
  },
  unstubAllGlobals() {
    for (const [name, { was, isOwn }] of stubbed)
      if (isOwn) globals[name] = was;
      else delete globals[name];
    stubbed.clear();
    return vi;
  },
  mock: absent("vi.mock", "modules are bundled before they run; hand in what is to be replaced, or answer the app's fetch() with app.with({ fetch })"),
};

/** `env` of Cloudflare's pool: what `app` finds in its env, looked up when it is asked for. */
export const envOf = (app: App): object =>
  new Proxy(Object.create(null) as Record<string, unknown>, {
    get: (_target, name) => (typeof name === "string" ? app.env[name] : undefined),
    has: (_target, name) => typeof name === "string" && name in app.env,
    ownKeys: () => Object.keys(app.env),
    getOwnPropertyDescriptor: (_target, name) => (typeof name === "string" && name in app.env ? { value: app.env[name], enumerable: true, configurable: true } : undefined),
  });

const promisesOf = new WeakMap<object, unknown[]>();

/** For a handler that is called directly, in the test's own isolate. */
export function createExecutionContext(): object {
  const promises: unknown[] = [];
  const context = { props: {}, passThroughOnException() {}, waitUntil: (promise: unknown) => void promises.push(promise) };
  promisesOf.set(context, promises);
  return context;
}

/** Waits for what the handler gave to `waitUntil`, also while it waits. */
export async function waitOnExecutionContext(context: object): Promise<void> {
  const promises = promisesOf.get(context);
  if (promises === undefined) throw new TypeError("waitOnExecutionContext takes what createExecutionContext gave");
  for (let at = 0; at < promises.length; at++) await promises[at];
}
