/** `err.stack`: what an app reads, and what it cannot do with it. */
import { describe, expect, test } from "bun:test";
import { TestIsolate } from "../harness/isolate.ts";

describe("the stack of an error", () => {
  test("begins with name and message, as in other engines, and goes on with the frames of the app", async () => {
    using guest = new TestIsolate();
    const [text, plain, named, empty] = await guest.run(`function fail() { null.x }
      const stackOf = (make) => { try { make() } catch (error) { return error.stack } };
      class Odd extends RangeError { name = "Odd" }
      return [stackOf(fail), new Error("now").stack, new Odd("m").stack, new Error().stack.split("\\n")[0]]`);
    expect(text).toMatch(/^TypeError: cannot read property 'x' of null\n {4}at fail \(app\.js:\d+:\d+\)\n {4}at stackOf \(app\.js/);
    expect(plain).toMatch(/^Error: now\n {4}at <anonymous> \(app\.js/);
    expect(named).toMatch(/^Odd: m\n/);
    expect(empty).toBe("Error");
  });

  test("is where the error was made, however often it is thrown again", async () => {
    using guest = new TestIsolate();
    const stack: string = await guest.run(`function source() { throw new Error("x") }
      function again() { try { source() } catch (error) { throw error } }
      try { again() } catch (error) { return error.stack }`);
    expect(stack.split("\n").slice(1, 3).map((line) => line.trim().split(" ")[1])).toEqual(["source", "again"]);
  });

  test("tells what was called of nano as one frame, and nothing of what called the app", async () => {
    using guest = new TestIsolate();
    const [url, listener] = await guest.run(`let inside;
      const target = new EventTarget(); target.addEventListener("x", () => { inside = new Error("l").stack }); target.dispatchEvent(new Event("x"));
      try { new URL("nowhere") } catch (error) { return [error.stack, inside] }`);
    expect(url.split("\n")).toEqual(["TypeError: Invalid URL: nowhere", "    at URL (nano:internal)", expect.stringMatching(/^ {4}at .*app\.js/), ...(url.split("\n").slice(3) as string[])]);
    expect(url.match(/nano:internal/g)).toHaveLength(1);
    expect(listener.split("\n")[2]).toBe("    at dispatchEvent (nano:internal)");
    expect(url.split("\n").at(-1)).toMatch(/app\.js/);
  });

  test("is an accessor of Error.prototype that shows no property of the error, and can be set, shadowed and deleted", async () => {
    using guest = new TestIsolate();
    expect(
      await guest.run(`const error = new Error("x"), before = Reflect.ownKeys(error);
        error.stack; error.stack = "mine"; const mine = error.stack; error.stack = 7;
        const frozen = Object.freeze(new Error("f")); "use strict"; frozen.stack = "cold";
        const own = Object.defineProperty(new Error("o"), "stack", { value: "own" });
        const inherits = Object.create(Error.prototype), none = inherits.stack; inherits.stack = "data";
        const copy = { ...new Error("c") };
        return [before, Reflect.ownKeys(error), mine, error.stack, frozen.stack, own.stack, String(none), inherits.stack, Object.keys(inherits), Object.keys(copy), Error.prototype.stack === undefined,
          Object.keys(Object.getOwnPropertyDescriptor(Error.prototype, "stack")).sort(), "stack" in new TypeError(), delete error.stack]`),
    ).toEqual([["message"], ["message"], "mine", 7, "cold", "own", "undefined", "data", ["stack"], [], true, ["configurable", "enumerable", "get", "set"], true, true]);
  });

  test("is read of errors only: proxies and plain objects have none, other values throw", async () => {
    using guest = new TestIsolate();
    expect(
      await guest.run(`const { get, set } = Object.getOwnPropertyDescriptor(Error.prototype, "stack"), keys = [];
        const proxy = new Proxy(new Error("p"), { get(target, key) { keys.push(String(key)); return Reflect.get(target, key) }, has() { keys.push("has") }, getOwnPropertyDescriptor() { keys.push("own") } });
        const of = (value) => { try { return String(get.call(value)) } catch (error) { return error.name } };
        return [of({}), of(proxy), keys, of(null), of(1), of("x"), (() => { try { set.call(1, "x") } catch (error) { return error.name } })()]`),
    ).toEqual(["undefined", "undefined", [], "TypeError", "TypeError", "TypeError", "TypeError"]);
  });

  test("runs no getter of the app, whose prototypes may be anything", async () => {
    using guest = new TestIsolate();
    const [ran, stack] = await guest.run(`let ran = 0; const trap = { get() { ran++; throw 1 }, configurable: true };
      const error = new Error("x"); Object.defineProperty(error, "name", trap); Object.defineProperty(error, "message", trap);
      for (const key of ["slice", "startsWith", "lastIndexOf", "split"]) Object.defineProperty(String.prototype, key, trap);
      Object.defineProperty(Object.prototype, "value", trap);
      const stack = error.stack; delete Object.prototype.value;
      return [ran, stack]`);
    expect(ran).toBe(0);
    expect(stack).toMatch(/^Error\n {4}at /);
  });

  test("goes with a clone, as it was read or set", async () => {
    using guest = new TestIsolate();
    expect(
      await guest.run(`const read = new Error("a"), set = new Error("b"), odd = new Error("c"), fresh = new Error("d"), dom = new DOMException("e");
        read.stack; set.stack = "mine"; odd.stack = { not: "text" };
        return [structuredClone(read).stack === read.stack, structuredClone(set).stack, typeof structuredClone(odd).stack, structuredClone(fresh).stack === fresh.stack, structuredClone(dom).stack === dom.stack]`),
    ).toEqual([true, "mine", "string", true, true]);
  });

  test("is captured for any object, from its caller on", async () => {
    using guest = new TestIsolate();
    const [text, own, error] = await guest.run(`function make() { const target = { name: "Mine", message: "m" }; Error.captureStackTrace(target, make); return target }
      function caller() { return make() }
      const target = caller(); class Late extends Error { constructor() { super("late"); Error.captureStackTrace(this, Late) } }
      return [target.stack, Object.keys(target), new Late().stack]`);
    expect(text).toMatch(/^Mine: m\n {4}at caller \(app\.js/);
    expect(own).toEqual(["name", "message"]);
    expect(error).toMatch(/^Error: late\n {4}at <anonymous> \(app\.js/);
  });

  test("costs an app that reads none of its stacks no more than before, and one that does what the host does for it", async () => {
    using guest = new TestIsolate();
    await guest.evaluate(`export default { fetch(request) { const error = new Error("x"); for (let i = 0; i < 100; i++) { const other = new Error("y"); if (request.url.endsWith("read")) other.stack } return new Response("ok") } }`);
    const unread = (await guest.request({ url: "http://app.test/" })).fuel;
    const read = (await guest.request({ url: "http://app.test/read" })).fuel;
    expect(unread).toBeLessThan(100_000);
    expect(read - unread).toBeGreaterThan(100 * 1_500);
    expect(read - unread).toBeLessThan(100 * 20_000);
  });

  test("of a recursion without end is cut, and can be read in the midst of it", async () => {
    using guest = new TestIsolate();
    const [lines, last, inside] = await guest.run(`let inside = 0;
      const dive = () => { try { dive() } catch (error) { try { inside += error.stack.length > 0 } catch {} throw error } };
      const down = () => down() + 1;
      try { dive() } catch {}
      try { down() } catch (error) { const lines = error.stack.split("\\n"); return [lines.length, lines.at(-1), inside > 0] }`);
    expect(lines).toBe(62);
    expect(last).toMatch(/^ {4}\.\.\. \d+ more$/);
    expect(inside).toBe(true);
  });

  test("that is read in a loop is work of the app, which ends at its CPU limit", async () => {
    using guest = new TestIsolate({ limits: { cpuMs: 50 } });
    await guest.evaluate(`export default { fetch() { const deep = (n) => n === 0 ? new Error("x") : deep(n - 1); for (;;) deep(300).stack } }`);
    const { outcome, kill } = await guest.send().over;
    expect(outcome).toBe("exceededCpu");
    expect(kill?.used).toBeLessThan(200);
  });
});
