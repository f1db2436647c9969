import { expect, test } from "bun:test";
import { TestIsolate } from "../harness/isolate.ts";

const guest = new TestIsolate();

test("listeners run in order, capturing ones first, once and passive as asked", async () => {
  expect(
    await guest.run(`
      const target = new EventTarget(), seen = [];
      const twice = () => seen.push("twice");
      target.addEventListener("a", twice); target.addEventListener("a", twice);
      target.addEventListener("a", () => seen.push("once"), { once: true });
      target.addEventListener("a", () => seen.push("capture"), true);
      target.addEventListener("a", { handleEvent(e) { seen.push(this.tag + e.type) }, tag: "object " });
      target.addEventListener("a", (e) => { e.preventDefault(); seen.push(e.defaultPrevented) }, { passive: true });
      target.addEventListener("a", (e) => { e.preventDefault(); seen.push(e.defaultPrevented, e.eventPhase, e.composedPath()[0] === target) });
      const results = [target.dispatchEvent(new Event("a", { cancelable: true }))];
      target.removeEventListener("a", twice);
      seen.push("|");
      results.push(target.dispatchEvent(new Event("a")));
      return [seen, results];`),
  ).toEqual([["capture", "twice", "once", "object a", false, true, 2, true, "|", "capture", "object a", false, false, 2, true], [false, true]]);
});

test("a listener goes when its signal is aborted, and stopImmediatePropagation ends the round", async () => {
  expect(
    await guest.run(`
      const target = new EventTarget(), controller = new AbortController(), seen = [];
      target.addEventListener("a", () => seen.push(1), { signal: controller.signal });
      target.addEventListener("a", (e) => { seen.push(2); e.stopImmediatePropagation() });
      target.addEventListener("a", () => seen.push(3));
      target.dispatchEvent(new Event("a")); controller.abort(); target.dispatchEvent(new Event("a"));
      let nested; target.addEventListener("b", (e) => { try { target.dispatchEvent(e) } catch (error) { nested = error.name } }); target.dispatchEvent(new Event("b"));
      return [seen, nested];`),
  ).toEqual([[1, 2, 2], "InvalidStateError"]);
});

test("globalThis is an EventTarget, also for bare calls", async () => {
  expect(
    await guest.run(`
      const seen = [];
      addEventListener("x", function (e) { seen.push(e.target === globalThis, this === globalThis, e.currentTarget === self) });
      globalThis.dispatchEvent(new CustomEvent("x", { detail: 1 }));
      return [seen, Object.getOwnPropertyDescriptor(globalThis, "addEventListener").enumerable];`),
  ).toEqual([[true, true, true], true]);
});

test("an exception in a listener is an error event, and a log line when nobody handles it", async () => {
  using fresh = new TestIsolate();
  expect(
    await fresh.run(`
      const seen = [];
      const target = new EventTarget();
      target.addEventListener("a", () => { throw new TypeError("first") });
      target.dispatchEvent(new Event("a"));
      onerror = (message, file, line, column, error) => { seen.push(message, file, line > 0, column > 0, error.message); return true };
      target.dispatchEvent(new Event("a"));
      onerror = null;
      addEventListener("error", (e) => { seen.push(e instanceof ErrorEvent, e.isTrusted); throw new Error("in the handler") });
      reportError("plain");
      return seen;`),
  ).toEqual(["Uncaught TypeError: first", "app.js", true, true, "first", true, true]);
  expect(fresh.logs.map(({ level, text }) => `${level} ${text.split("\n")[0]}`)).toEqual(["error Uncaught TypeError: first", "error Uncaught Error: in the handler", "error Uncaught plain"]);
});

test("event handler attributes keep their place and can be replaced", async () => {
  expect(
    await guest.run(`
      const controller = new AbortController(), { signal } = controller, seen = [];
      signal.onabort = () => seen.push("old");
      signal.addEventListener("abort", () => seen.push("listener"));
      signal.onabort = () => seen.push("new");
      controller.abort();
      return [seen, typeof signal.onabort, (signal.onabort = 5, signal.onabort)];`),
  ).toEqual([["new", "listener"], "function", null]);
});

test("the data of events is converted as their dictionaries say", async () => {
  expect(
    await guest.run(`
      const e = new ErrorEvent("error", { lineno: -1, colno: "7", message: 5 }), m = new MessageEvent("m", { data: [1], origin: "o\\ud800" });
      const errors = [];
      for (const f of [() => new Event(), () => new Event("a", 1), () => new PromiseRejectionEvent("p", {}), () => new MessageEvent("m", { ports: 1 }), () => new Event(Symbol())]) try { f(); errors.push("none") } catch (x) { errors.push(x.name) }
      m.initMessageEvent("n", true, true, 4, "p", "id");
      const c = new CustomEvent("c"); c.initCustomEvent("d", false, true, 9);
      return [e.lineno, e.colno, e.message, e.error === undefined, m.type, m.data, m.origin, m.lastEventId, m.ports, Object.isFrozen(m.ports), c.type, c.detail, c.cancelable, errors, Object.getOwnPropertyDescriptor(e, "isTrusted").configurable];`),
  ).toEqual([4294967295, 7, "5", true, "n", 4, "p", "id", [], true, "d", 9, true, ["TypeError", "TypeError", "TypeError", "TypeError", "TypeError"], false]);
});
