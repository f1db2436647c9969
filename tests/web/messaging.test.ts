import { expect, test } from "bun:test";
import { TestIsolate } from "../harness/isolate.ts";

const guest = new TestIsolate();

test("messages are clones, arrive in order as tasks, once the port has started", async () => {
  expect(
    await guest.run(`
      const { port1, port2 } = new MessageChannel(), seen = [], sent = { a: new Map([[1, 2]]) };
      port1.postMessage(sent); port1.postMessage("second"); sent.a.clear();
      await new Promise((done) => { port2.onmessage = (event) => { seen.push(event.data instanceof Object ? event.data.a.get(1) : event.data, event.isTrusted); if (event.data === "second") done() }; seen.push("started") });
      return seen;`),
  ).toEqual(["started", 2, true, "second", true]);
});

test("a port travels with what waits in it, and buffers change hands", async () => {
  expect(
    await guest.run(`
      const inner = new MessageChannel(), outer = new MessageChannel(), buffer = new ArrayBuffer(8);
      inner.port1.postMessage("waiting");
      outer.port1.postMessage({ port: inner.port2, buffer }, [inner.port2, buffer]);
      const event = await new Promise((done) => { outer.port2.onmessage = done });
      const { data } = await new Promise((done) => { event.ports[0].onmessage = done });
      return [data, event.ports[0] === event.data.port, event.ports.length, buffer.detached, event.data.buffer.byteLength];`),
  ).toEqual(["waiting", true, 1, true, 8]);
});

test("a closed port hears nothing, tells its peer, and what cannot be sent is refused", async () => {
  expect(
    await guest.run(`
      const { port1, port2 } = new MessageChannel(), name = (f) => { try { f(); return "none" } catch (e) { return e.name } };
      const refused = [name(() => port1.postMessage(() => {})), name(() => port1.postMessage(1, [port1])), name(() => port1.postMessage(1, [{}])), name(() => structuredClone(port1))];
      port2.onmessage = () => refused.push("heard");
      await new Promise((done) => { port1.onclose = done; port2.close(); });
      port1.postMessage("lost"); await new Promise((done) => setTimeout(done, 5));
      return refused;`),
  ).toEqual(["DataCloneError", "DataCloneError", "DataCloneError", "DataCloneError"]);
});
