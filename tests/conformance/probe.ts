/** Looks at every name of the Minimum Common Web API and at every member of it, in a real isolate: is it there, with the attributes and checks that Web IDL gives it? */
import { readFileSync } from "node:fs";
import { TestIsolate } from "../harness/isolate.ts";

interface Members {
  readonly name: string;
  readonly constructible?: boolean;
  readonly statics?: readonly string[];
  readonly attributes?: readonly string[];
  readonly methods?: readonly string[];
  readonly symbols?: readonly ("iterator" | "asyncIterator")[];
}
export interface MinimumCommonApi {
  readonly source: string;
  readonly interfaces: readonly Members[];
  readonly globals: readonly { readonly name: string; readonly kind: "attribute" | "handler" | "function" | "namespace"; readonly methods?: readonly string[] }[];
}
export interface ProbedName {
  readonly name: string;
  readonly kind: "interface" | "global";
  readonly members: number;
  /** What is missing or wrong, by member; empty for a complete name. */
  readonly faults: readonly string[];
}

export const MINIMUM_COMMON_API = JSON.parse(readFileSync(`${import.meta.dir}/members.json`, "utf8")) as MinimumCommonApi;

/** Runs in the isolate. Receives the lists, returns faults by name. */
const PROBE = `
  const valueAt = (path) => path.split(".").reduce((value, name) => value?.[name], globalThis);
  const holderOf = (path) => { const at = path.lastIndexOf("."); return at < 0 ? [globalThis, path] : [valueAt(path.slice(0, at)) ?? {}, path.slice(at + 1)]; };
  const is = (descriptor, flags) => ["writable", "enumerable", "configurable"].filter((key) => flags.includes(key[0])).every((key) => descriptor[key] === true)
    && ["writable", "enumerable", "configurable"].filter((key) => !flags.includes(key[0]) && key in descriptor).every((key) => descriptor[key] === false);
  const refuses = async (call) => {
    try { const result = call(); return result instanceof Promise && await result.then(() => false, (error) => error instanceof TypeError); }
    catch (error) { return error instanceof TypeError; }
  };
  async function probeInterface({ name, constructible = false, statics = [], attributes = [], methods = [], symbols = [] }) {
    const faults = [], [holder, key] = holderOf(name), descriptor = Object.getOwnPropertyDescriptor(holder, key);
    if (descriptor === undefined) return ["absent"];
    const Interface = descriptor.value;
    if (typeof Interface !== "function") return ["is not a constructor"];
    const fault = (condition, text) => { if (!condition) faults.push(text); };
    fault(is(descriptor, "wc"), "property attributes of the name");
    fault(Interface.name === key, "name");
    const { prototype } = Interface;
    fault(is(Object.getOwnPropertyDescriptor(Interface, "prototype"), ""), "property attributes of prototype");
    const back = Object.getOwnPropertyDescriptor(prototype, "constructor");
    fault(back?.value === Interface && is(back, "wc"), "prototype.constructor");
    const tag = Object.getOwnPropertyDescriptor(prototype, Symbol.toStringTag);
    fault(tag?.value === key && is(tag, "c"), "Symbol.toStringTag");
    fault(await refuses(() => Interface()), "can be called without new");
    if (!constructible) fault(await refuses(() => new Interface()), "can be constructed");
    for (const member of attributes) {
      const attribute = Object.getOwnPropertyDescriptor(prototype, member);
      if (attribute?.get === undefined) { faults.push(member + " is absent"); continue; }
      fault(attribute.enumerable && attribute.configurable && attribute.get.name === "get " + member && attribute.get.length === 0, member + ": property attributes");
      fault(await refuses(() => attribute.get.call({})), member + ": answers for any object");
    }
    const operation = async (target, member, isStatic) => {
      const property = Object.getOwnPropertyDescriptor(target, member);
      if (typeof property?.value !== "function") { faults.push(member + " is absent"); return; }
      fault(is(property, "wec") && property.value.name === member, member + ": property attributes");
      fault(await refuses(() => new property.value()), member + ": can be constructed");
      if (!isStatic) fault(await refuses(() => property.value.call({})), member + ": takes any object");
    };
    for (const member of statics) await operation(Interface, member, true);
    for (const member of methods) await operation(prototype, member, false);
    for (const symbol of symbols) {
      const property = Object.getOwnPropertyDescriptor(prototype, Symbol[symbol]);
      fault(property?.value === (prototype.entries ?? prototype.values) && is(property, "wc"), "Symbol." + symbol);
    }
    return faults;
  }
  function probeGlobal({ name, kind, methods = [] }) {
    const faults = [], [holder, key] = holderOf(name);
    if (!(key in holder)) return ["absent"];
    const owner = Object.hasOwn(holder, key) ? holder : Object.getPrototypeOf(holder), descriptor = Object.getOwnPropertyDescriptor(owner, key);
    if (kind === "function" && !(typeof descriptor.value === "function" && is(descriptor, "wec") && descriptor.value.name === key)) faults.push("property attributes");
    if (kind === "handler" && !(descriptor.get !== undefined && descriptor.set !== undefined && holder[key] === null)) faults.push("not an event handler");
    if (kind === "attribute" && holder[key] == null) faults.push("has no value");
    if (kind === "namespace" && !(typeof descriptor.value === "object" && is(descriptor, "wc"))) faults.push("property attributes");
    for (const member of methods) {
      const property = Object.getOwnPropertyDescriptor(holder[key], member);
      if (!(typeof property?.value === "function" && is(property, "wec") && property.value.name === member)) faults.push(member + " is absent or has other property attributes");
    }
    return faults;
  }
  const interfaces = [];
  for (const each of API.interfaces) interfaces.push(await probeInterface(each));
  return { interfaces, globals: API.globals.map(probeGlobal) };`;

export async function probe(api: MinimumCommonApi = MINIMUM_COMMON_API): Promise<ProbedName[]> {
  using isolate = new TestIsolate();
  const seen = (await isolate.run(`const API = ${JSON.stringify(api)};${PROBE}`)) as { readonly interfaces: readonly string[][]; readonly globals: readonly string[][] };
  return [
    ...api.interfaces.map((each, i): ProbedName => ({ name: each.name, kind: "interface", members: memberCount(each), faults: seen.interfaces[i] ?? ["absent"] })),
    ...api.globals.map((each, i): ProbedName => ({ name: each.name, kind: "global", members: each.methods?.length ?? 0, faults: seen.globals[i] ?? ["absent"] })),
  ];
}

function memberCount({ constructible = false, statics = [], attributes = [], methods = [], symbols = [] }: Members): number {
  return (constructible ? 1 : 0) + statics.length + attributes.length + methods.length + symbols.length;
}
