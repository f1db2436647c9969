import { expect, test } from "bun:test";
import { MINIMUM_COMMON_API, probe } from "./probe.ts";

test("every name of the Minimum Common Web API that is not WebAssembly's has every member, as Web IDL shapes it", async () => {
  const names = await probe();
  expect(names.filter(({ name, faults }) => !name.startsWith("WebAssembly.") && faults.length > 0)).toEqual([]);
});

test("what is said to be absent is absent as a whole", async () => {
  const names = await probe();
  expect(names.filter(({ name }) => name.startsWith("WebAssembly.")).map(({ faults }) => faults)).toEqual(Array(16).fill(["absent"]));
});

test("the probe knows all 53 interfaces, 25 globals and 319 members", () => {
  const { interfaces, globals } = MINIMUM_COMMON_API;
  const members = interfaces.flatMap((each) => [...(each.constructible === true ? [each.name] : []), ...(each.statics ?? []), ...(each.attributes ?? []), ...(each.methods ?? []), ...(each.symbols ?? [])]);
  expect([interfaces.length, globals.length, members.length]).toEqual([53, 25, 319]);
});

test("the probe finds a member that is missing", async () => {
  const names = await probe({ source: "", interfaces: [{ name: "Headers", attributes: ["size"], methods: ["first"] }], globals: [{ name: "fetchAll", kind: "function" }] });
  expect(names.map(({ faults }) => faults)).toEqual([["can be constructed", "size is absent", "first is absent"], ["absent"]]);
});
