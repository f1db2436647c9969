import { describe, expect, test } from "bun:test";
import { type AppFailure, sourceOf, TestIsolate } from "../harness/isolate.ts";

/** Loads `source`, answers one request and gives the text. */
async function answerOf(source: string, request?: Parameters<TestIsolate["request"]>[0]): Promise<string> {
  using app = await TestIsolate.load(source);
  return (await app.request(request)).text;
}

const failureOf = (promise: Promise<unknown>): Promise<AppFailure> => promise.then(() => Promise.reject(new Error("it did not fail")), (error) => error as AppFailure);

describe("the default export", () => {
  test("may be an object, whose method is called on it", async () => {
    expect(await answerOf("export default { name: 'object', fetch() { return new Response(this.name) } }")).toBe("object");
  });

  test("may be an instance of a class", async () => {
    expect(await answerOf("class App { #name = 'instance'; async fetch() { return new Response(this.#name) } } export default new App()")).toBe("instance");
  });

  test("may be a class, of which every request gets a new instance with context and env", async () => {
    using app = await TestIsolate.load("let made = 0; export default class { constructor(ctx, env) { this.text = typeof ctx.waitUntil + env.A + ++made } fetch(request, env, ctx) { return new Response(this.text + env.A) } }", { env: { A: "a" } });
    expect((await app.request()).text).toBe("functiona1a");
    expect((await app.request()).text).toBe("functiona2a");
  });

  test("may be a function", async () => {
    expect(await answerOf("export default (request, env, ctx) => new Response(request.method + typeof env + typeof ctx.waitUntil)")).toBe("GETobjectfunction");
  });

  test("may be replaced method by method while the app runs", async () => {
    using app = await TestIsolate.load("const app = { fetch() { app.fetch = () => new Response('second'); return new Response('first') } }; export default app");
    expect((await app.request()).text).toBe("first");
    expect((await app.request()).text).toBe("second");
  });

  test("may export `then` beside it without becoming a promise", async () => {
    expect(await answerOf("export function then() { throw 1 } export default { fetch: () => new Response('here') }")).toBe("here");
  });

  test("may come after a top-level await", async () => {
    expect(await answerOf("const text = await Promise.resolve('late'); export default { fetch: () => new Response(text) }")).toBe("late");
  });
});

describe("service worker syntax", () => {
  test("answers with respondWith, at once or later", async () => {
    const source = (value: string) => `addEventListener("fetch", (event) => event.respondWith(${value}))`;
    expect(await answerOf(source("new Response(event.request.url + event.type + event.isTrusted)"))).toBe("http://app.test/fetchtrue");
    expect(await answerOf(source("Promise.resolve().then(() => new Response('later'))"))).toBe("later");
  });

  test("keeps the event alive with waitUntil", async () => {
    using app = await TestIsolate.load(`addEventListener("fetch", (event) => { event.waitUntil(new Promise((done) => setTimeout(done, 1)).then(() => console.log("done"))); event.respondWith(new Response("ok")) })`);
    await app.request();
    expect(app.logs).toEqual([{ level: "log", text: "done" }]);
  });

  test("fails a request that nobody answers, and one that is answered twice", async () => {
    using silent = await TestIsolate.load(`addEventListener("fetch", () => {})`);
    expect((await failureOf(silent.send().answer)).failure?.message).toBe('no "fetch" listener called event.respondWith(…)');
    expect(await answerOf(`addEventListener("fetch", (event) => { let answer; event.respondWith(new Promise((settle) => { answer = settle })); try { event.respondWith(1) } catch (e) { answer(new Response(e.name)) } })`)).toBe("InvalidStateError");
  });
});

describe("an app that does not load", () => {
  const load = (source: string) => failureOf(TestIsolate.load(source));

  test("says what it exports instead of a handler", async () => {
    for (const [source, words] of [
      ["export const a = 1, b = 2", "it exports a, b"],
      ["1", "it exports nothing"],
      ["export default { queue() {} }", "its default export is of type object without a fetch function"],
      ["export default null", "its default export is null"],
      ["export default 'text'", "its default export is of type string"],
    ] as const) {
      const { failure } = await load(source);
      expect(failure?.message).toStartWith("the app has no fetch handler: it must `export default { fetch(request, env, ctx) { … } }`");
      expect(failure?.message).toContain(words);
    }
  });

  test("names the error of its top level, with the place", async () => {
    const { failure } = await load("\nconst f = () => { throw new RangeError('why') };\nf();\nexport default { fetch() {} }");
    expect([failure?.name, failure?.message, failure?.stack]).toEqual(["RangeError", "why", expect.stringContaining("app.js:2:")]);
    expect((await load("await Promise.reject(new TypeError('async'))")).failure).toMatchObject({ name: "TypeError", message: "async" });
    expect((await load("const a = ;")).failure).toMatchObject({ name: "SyntaxError", stack: expect.stringContaining("app.js:1:") });
    expect((await load("throw null")).failure).toMatchObject({ message: "null" });
  });
});

describe("what the handler gives", () => {
  const MESSAGE = "the handler gave ";
  test("has to be a Response", async () => {
    for (const [value, words] of [["undefined", "nothing"], ["null", "null"], ["'text'", "a value of type string"], ["{ status: 200 }", "a value of type object"], ["Response.error()", "Response.error()"]] as const)
      for (const shape of [`() => (${value})`, `async () => (${value})`]) {
        using app = await TestIsolate.load(`export default { fetch: ${shape} }`);
        expect(await failureOf(app.send().answer)).toMatchObject({ outcome: "badResponse", failure: { message: expect.stringContaining(MESSAGE + words) } });
      }
  });

  test("may be a thenable", async () => {
    expect(await answerOf("export default { fetch: () => ({ then(resolve) { resolve(new Response('thenable')) } }) }")).toBe("thenable");
  });

  test("has a body that nobody has read, and is given once", async () => {
    using app = await TestIsolate.load(`
      const kept = new Response("kept");
      export default { async fetch(request) {
        const response = new Response("body");
        switch (new URL(request.url).pathname) {
          case "/read": await response.text(); return response;
          case "/locked": response.body.getReader(); return response;
          case "/twice": return kept;
          default: return response;
        }
      } }`);
    const at = (path: string) => app.send({ url: `http://app.test${path}` });
    expect(await failureOf(at("/read").answer)).toMatchObject({ outcome: "badResponse", failure: { message: expect.stringContaining("has been read already") } });
    expect(await failureOf(at("/locked").answer)).toMatchObject({ outcome: "badResponse" });
    expect(await (await at("/twice").answer).text()).toBe("kept");
    expect(await failureOf(at("/twice").answer)).toMatchObject({ outcome: "badResponse" });
    expect(await (await at("/").answer).text()).toBe("body");
  });

  test("may be a promise that runs code of the app when it is looked at, and ends with it", async () => {
    for (const constructor of ["throw new Error('ctor')", "if (n++ > 0) throw new Error('ctor'); return Promise"]) {
      using app = await TestIsolate.load(`export default { fetch() { let n = 0; return Object.defineProperty(Promise.resolve(), "constructor", { get() { ${constructor} } }) } }`);
      const exchange = app.send();
      expect(await failureOf(exchange.answer)).toMatchObject({ outcome: "exception", failure: { name: "Error", message: "ctor" } });
      expect((await exchange.over).outcome).toBe("exception");
    }
  });

  test("when it is thrown instead, may be anything, and is told as text", async () => {
    for (const [thrown, name, message] of [
      ["new RangeError('r')", "RangeError", "r"],
      ["'text'", "Error", "text"],
      ["undefined", "Error", "undefined"],
      ["{ a: 1 }", "Error", "{ a: 1 }"],
      ["Symbol('s')", "Error", "Symbol(s)"],
      ["new DOMException('d', 'AbortError')", "AbortError", "d"],
      ["new Proxy({}, { get() { throw 1 } })", "Error", ""],
      ["Object.create(null, { message: { get() { throw 1 } } })", "Error", ""],
    ] as const)
      for (const shape of [`() => { throw ${thrown} }`, `async () => { throw ${thrown} }`]) {
        using app = await TestIsolate.load(`export default { fetch: ${shape} }`);
        const error = await failureOf(app.send().answer);
        expect([error.outcome, error.failure?.name]).toEqual(["exception", name]);
        expect(error.failure?.message).toContain(message);
        expect((await app.send().answer.catch((e: AppFailure) => e.outcome))).toBe("exception");
        expect(app.faults).toEqual([]);
      }
  });
});

describe("env", () => {
  const SOURCE = `
    export default { fetch(request, env) {
      const attempt = (f) => { "use strict"; try { f(); return "changed" } catch (e) { return e.name } };
      const seen = [Object.getPrototypeOf(env) === null, Object.isFrozen(env), Object.keys(env), env.A, env.list[1].b, "toString" in env, attempt(() => { env.A = 2 }), attempt(() => { env.list[1].b = 2 }), attempt(() => { delete env.A }), env === globalThis.before];
      globalThis.before = env;
      return Response.json(seen);
    } }`;

  test("is frozen all the way, has no prototype and is the same for the requests of one isolate", async () => {
    using app = await TestIsolate.load(SOURCE, { env: { A: "a", list: [1, { b: 1 }] } });
    const seen = [true, true, ["A", "list"], "a", 1, false, "TypeError", "TypeError", "TypeError"];
    expect(JSON.parse((await app.request()).text)).toEqual([...seen, false]);
    expect(JSON.parse((await app.request()).text)).toEqual([...seen, true]);
    app.restart();
    expect(JSON.parse((await app.request()).text)).toEqual([...seen, true]);
  });

  test("takes names of built-ins as plain keys", async () => {
    using app = await TestIsolate.load("export default { fetch: (request, env) => Response.json([env.__proto__, env.constructor, Object.keys(env)]) }", { env: JSON.parse('{"__proto__":"p","constructor":"c"}') });
    expect(JSON.parse((await app.request()).text)).toEqual(["p", "c", ["__proto__", "constructor"]]);
  });
});

describe("the context", () => {
  test("keeps the invocation until all promises have settled, a rejection is a line in the log", async () => {
    using app = await TestIsolate.load(`
      export default { fetch(request, env, ctx) {
        ctx.waitUntil(new Promise((done) => setTimeout(done, 2)).then(() => console.log("first")));
        ctx.waitUntil(Promise.reject(new Error("lost")));
        ctx.waitUntil("no promise");
        ctx.passThroughOnException();
        return new Response("ok");
      } }`);
    const exchange = app.send();
    await exchange.answer;
    expect(exchange.invocation.isOver).toBe(false);
    expect((await exchange.over).outcome).toBe("ok");
    expect(app.logs.map(({ text }) => text.split("\n")[0])).toEqual(["Uncaught Error: lost", "first"]);
  });

  test("does not wait for a promise that cannot be waited for", async () => {
    using app = await TestIsolate.load(`export default { fetch(request, env, ctx) { try { ctx.waitUntil(Object.defineProperty(Promise.resolve(), "constructor", { get() { throw new Error("ctor") } })) } catch (e) { return new Response(e.message) } } }`);
    const exchange = app.send();
    expect(await (await exchange.answer).text()).toBe("ctor");
    expect((await exchange.over).outcome).toBe("ok");
  });

  test("cannot be made by apps, and its methods check what they are called on", async () => {
    expect(
      await answerOf(`
        export default { fetch(request, env, ctx) {
          const name = (f) => { try { f(); return "none" } catch (e) { return e.name } };
          return new Response([name(() => new ctx.constructor()), name(() => ctx.waitUntil.call({}, 1)), name(() => ctx.waitUntil())].join());
        } }`),
    ).toBe("TypeError,TypeError,TypeError");
  });
});

test("what a request leaves undone ends with it, and the next one does not meet it", async () => {
  using app = await TestIsolate.load(`
    let kept; globalThis.fired = 0;
    export default { async fetch(request) {
      if (new URL(request.url).pathname === "/") { kept = request; setTimeout(() => fired++, 1); return new Response("first"); }
      const error = await kept.text().catch((e) => e);
      await new Promise((done) => setTimeout(done, 5));
      return new Response(error.name + ": " + error.message + fired);
    } }`);
  const body = sourceOf(new Uint8Array(10));
  await app.request({ method: "POST", body });
  expect((await app.request({ url: "http://app.test/next" })).text).toBe("TypeError: this I/O object belongs to another request, or it has been closed0");
});

test("a client that leaves aborts request.signal, and waitUntil work goes on", async () => {
  using app = await TestIsolate.load(`
    export default { fetch(request, env, ctx) {
      const { signal } = request;
      console.log(signal.aborted, signal === request.signal);
      const gone = new Promise((done) => signal.addEventListener("abort", () => { console.log(signal.reason.name, signal.reason.message); done() }));
      ctx.waitUntil(gone.then(() => new Promise((done) => setTimeout(done, 1))).then(() => console.log("cleaned up")));
      return gone;
    } }`);
  const exchange = app.send();
  await new Promise((later) => setImmediate(later));
  exchange.invocation.cancel();
  expect((await failureOf(exchange.answer)).outcome).toBe("canceled");
  expect((await exchange.over).outcome).toBe("canceled");
  expect(app.logs.map(({ text }) => text)).toEqual(["false true", "AbortError The client has disconnected", "cleaned up"]);
});

test("request.signal is aborted for an app that first looks at it after the client has left", async () => {
  using app = await TestIsolate.load(`
    export default { async fetch(request) {
      await new Promise((later) => setTimeout(later, 2));
      console.log(request.signal.aborted, request.signal.reason?.name);
      return new Response();
    } }`);
  const exchange = app.send();
  await new Promise((later) => setImmediate(later));
  exchange.invocation.cancel();
  await exchange.over;
  expect(app.logs.map(({ text }) => text)).toEqual(["true AbortError"]);
});

test("apps cannot tell our functions from built-in ones by their text", async () => {
  expect(await answerOf(`export default { fetch() { return Response.json([fetch, Response, Response.json, Headers.prototype.get, Object.getOwnPropertyDescriptor(Response.prototype, "status").get, ReadableStream, setTimeout, URL].map(String)) } }`)).toBe(
    JSON.stringify(["fetch", "Response", "json", "get", "get status", "ReadableStream", "setTimeout", "URL"].map((name) => `function ${name}() {\n    [native code]\n}`)),
  );
});
