/** Where errors keep their stack, in the engine itself. */
import { describe, expect, test } from "bun:test";
import { probeLayout } from "../../../../build/engine/layout.ts";
import { findStackAtom, STACK_EXPORT } from "../../../../build/engine/stacks.ts";
import { readModule } from "../../../../build/meter/sections.ts";
import { engine, enginePackage, meteredEngine } from "./fixture.ts";

/** An engine whose errors keep their stack under the private name of `Stack`. */
function hiding() {
  const guest = meteredEngine();
  const layout = probeLayout(engine);
  guest.evaluate("globalThis.Stack = class extends (function (o) { return o }) { #stack = ''; static of(e) { return #stack in e ? e.#stack : undefined } }; globalThis.named = new Stack({ __proto__: null })");
  const { payload } = guest.boxed(guest.evaluate("named"));
  guest.invoke(STACK_EXPORT, guest.view.getUint32(guest.view.getUint32(payload + layout.objectShape, true) + layout.shapeFirstAtom, true));
  return guest;
}

describe("the stack of an error", () => {
  const throwing = "function f() { null.x } let found; try { f() } catch (error) { found = error }";

  test("is a property of it until the engine is told another name", () => {
    expect(JSON.parse(meteredEngine().evaluateJson(`${throwing}; Reflect.ownKeys(found)`))).toEqual(["message", "stack"]);
  });

  test("is under the private name from then on, and under no other", () => {
    const [stack, keys, plain] = JSON.parse(hiding().evaluateJson(`${throwing}; [Stack.of(found), Reflect.ownKeys(found), String(found.stack)]`));
    expect(stack).toBe("    at f (probe.js:1:20)\n    at <eval> (probe.js:1:43)\n");
    expect([keys, plain]).toEqual([["message"], "undefined"]);
  });

  test("is kept when the error is thrown again, made once for errors of any origin", () => {
    const stacks = hiding().evaluateJson(`const list = []; const note = (make) => { try { make() } catch (error) { try { throw error } catch (again) { list.push(Stack.of(again).split("\\n")[0].trim().split(" ")[1]) } } };
      function made() { throw new Error("x") } function native() { [].reduce(() => {}) } function engine() { null.x } note(made); note(native); note(engine); list`);
    expect(JSON.parse(stacks)).toEqual(["made", "reduce", "engine"]);
  });
});

test("an engine in which the places cannot be told fails the build", () => {
  const module = readModule(enginePackage.wasm);
  const { uses } = findStackAtom(module);
  for (const index of uses.keys()) expect(() => findStackAtom({ ...module, functions: module.functions.filter((body) => body.index !== index) })).toThrow("0 functions look like the one that makes stacks");
});
