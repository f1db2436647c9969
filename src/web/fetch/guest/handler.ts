/** The app's handler: found once when its module has been evaluated, called for every request. */
import { getOwnPropertyDescriptor, objectDefineProperty, objectFreeze, objectKeys, promiseThen, reflectApply, reflectConstruct, regExpExec, functionToString, SafeTypeError, arrayJoin, stringSplit } from "../../infra/guest/primordials.ts";
import { hostOps } from "../../infra/guest/host-ops.ts";
import { onEvent } from "../../infra/guest/events.ts";
import { jsonParse } from "../../infra/guest/primordials.ts";
import { coreOps } from "../../../isolate/core-ops.ts";
import { makeBinding } from "./binding.ts";
import { createContext, type Work } from "./context.ts";
import { describeFailure } from "./failure.ts";
import { dispatchFetchEvent, hasFetchListener } from "./fetch-event.ts";
import type { Request } from "./request.ts";

const { app_loaded } = hostOps(coreOps);

type Handler = (request: Request, work: Work) => unknown;
type FetchFunction = (request: Request, env: object, ctx: object) => unknown;

let env: object = objectFreeze({ __proto__: null });
let handler: Handler | null = null;
let main: unknown;

/** The app's variables and bindings. */
export const currentEnv = (): object => env;
/** What the app exports by default, undefined for a service worker. */
export const mainExport = (): unknown => main;
export const callHandler = (request: Request, work: Work): unknown => (handler as Handler)(request, work);

/** `bindings`: a line `NAME KIND ABOUT` for each. */
onEvent("env", (_invocation, json, bindings) => {
  env = freezeDeep(jsonParse(json as string) as object, typeof bindings === "string" ? bindings : "");
});

/** A service worker finds them on `globalThis` as well: https://developers.cloudflare.com/workers/configuration/environment-variables/ */
onEvent("env_globals", () => {
  const names = objectKeys(env);
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string;
    if (getOwnPropertyDescriptor(globalThis, name) === undefined) objectDefineProperty(globalThis, name, { __proto__: null, value: (env as Record<string, unknown>)[name], writable: true, enumerable: true, configurable: true } as PropertyDescriptor);
  }
});

/** Asked of a new revision before its first request: being able to take an event is the answer. */
onEvent("warm_up", () => {});

/** `value` is the module's namespace, or a promise of it while its top level awaits, or what was thrown when `mode` is "failed". */
onEvent("load", (_invocation, value, mode) => {
  const fail = (error: unknown): void => {
    const { name, message, stack } = describeFailure(error);
    app_loaded(name + "\n" + message + "\n" + stack);
  };
  if (mode === "failed") {
    fail(value);
    return;
  }
  const finish = (namespace: object): void => {
    if (mode !== "app") {
      app_loaded("");
      return;
    }
    try {
      handler = findHandler(namespace);
      app_loaded("");
    } catch (error) {
      fail(error);
    }
  };
  let pending: Promise<unknown>;
  try {
    // A namespace is no promise, even when it exports something called `then`.
    pending = promiseThen(value as Promise<object>, finish, fail);
  } catch {
    finish(value as object);
    return;
  }
  promiseThen(pending, undefined, fail);
});

function findHandler(namespace: object): Handler {
  const found = (namespace as { default?: unknown }).default;
  main = found;
  if (typeof found === "function") {
    if (!isClass(found)) return (request, work) => reflectApply(found as FetchFunction, undefined, [request, env, createContext(work)]);
    return (request, work) => {
      const context = createContext(work);
      return methodOf(reflectConstruct(found, [context, env]) as object)(request, context);
    };
  }
  if (typeof found === "object" && found !== null && (typeof (found as { fetch?: unknown }).fetch === "function" || typeof (found as { scheduled?: unknown }).scheduled === "function")) {
    const call = methodOf(found);
    return (request, work) => call(request, createContext(work));
  }
  if (found === undefined && hasFetchListener()) return dispatchFetchEvent;
  throw new SafeTypeError("the app has no fetch handler: it must `export default { fetch(request, env, ctx) { … } }` (" + exportsOf(namespace, found) + ")");
}

/** The method is looked up at each call: apps replace it. */
function methodOf(object: object): (request: Request, context: object) => unknown {
  return (request, context) => {
    const method = (object as { fetch?: unknown }).fetch;
    if (typeof method !== "function") throw new SafeTypeError("the default export has no fetch method");
    return reflectApply(method as FetchFunction, object, [request, env, context]);
  };
}

export const isClass = (fn: Function): boolean => regExpExec(/^class[\s{]/, functionToString(fn)) !== null && getOwnPropertyDescriptor(fn, "prototype")?.writable === false;

function exportsOf(namespace: object, main: unknown): string {
  const names = objectKeys(namespace);
  if (names.length === 0) return "it exports nothing";
  return main === undefined ? "it exports " + arrayJoin(names, ", ") : "its default export is " + (main === null ? "null" : "of type " + typeof main) + (typeof main === "object" && main !== null ? " without a fetch function" : "");
}

/** Copies JSON values, and puts bindings beside them, to an object without a prototype that nobody can change. */
function freezeDeep(value: object, bindings: string): object {
  const keys = objectKeys(value);
  const copy: Record<string, unknown> = { __proto__: null } as never;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string;
    const item = (value as Record<string, unknown>)[key];
    copy[key] = typeof item === "object" && item !== null ? freezeTree(item) : item;
  }
  const lines = bindings === "" ? [] : stringSplit(bindings, "\n");
  for (let i = 0; i < lines.length; i++) {
    const [name, kind, about = ""] = stringSplit(lines[i] as string, " ") as [string, string, string?];
    copy[name] = makeBinding(kind, name, about);
  }
  return objectFreeze(copy);
}

function freezeTree(value: object): object {
  const keys = objectKeys(value);
  for (let i = 0; i < keys.length; i++) {
    const item = (value as Record<string, unknown>)[keys[i] as string];
    if (typeof item === "object" && item !== null) freezeTree(item);
  }
  return objectFreeze(value);
}
