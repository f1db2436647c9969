/** The stand-ins that keep contexts over promises, in the engine itself. */
import { describe, expect, test } from "bun:test";
import { CONTEXT_EXPORT, findReactionFunctions } from "../../../../build/engine/reactions.ts";
import { readModule } from "../../../../build/meter/sections.ts";
import { enginePackage, meteredEngine } from "./fixture.ts";

/** The words of the state: in use or not, the wrapping function, undefined. */
const STATE_BYTES = 40;

/** An engine whose reactions are wrapped by the function that `source` gives. */
function following(source: string) {
  const guest = meteredEngine();
  const state = guest.invoke("malloc", STATE_BYTES);
  const wrap = guest.evaluate(source);
  const undefinedAt = guest.invoke("QTS_GetUndefined");
  for (const [i, word] of [1, wrap, undefinedAt].entries()) guest.view.setUint32(state + i * 4, word, true);
  guest.invoke(CONTEXT_EXPORT, state);
  return guest;
}
const runJobs = (guest: ReturnType<typeof meteredEngine>) => guest.invoke("QTS_ExecutePendingJob", guest.runtime, -1, guest.invoke("malloc", 8));

describe("promise reactions", () => {
  test("are wrapped for then, catch, finally, await, async generators and thenables, once the engine is told to", () => {
    const guest = following("globalThis.wrapped = 0; (function (fn) { if (typeof fn !== 'function') return fn; wrapped++; return function () { return fn.apply(this, arguments); }; })");
    const counted = (code: string): number => {
      guest.evaluate(`wrapped = 0; ${code}`);
      runJobs(guest);
      return JSON.parse(guest.evaluateJson("wrapped")) as number;
    };
    expect(counted("Promise.resolve(1).then(() => {})")).toBe(1);
    expect(counted("Promise.resolve(1).then(() => {}, () => {})")).toBe(2);
    expect(counted("Promise.reject(1).catch(() => {})")).toBe(1);
    expect(counted("Promise.resolve(1).finally(() => {})")).toBeGreaterThanOrEqual(2);
    expect(counted("(async () => { await 1; })()")).toBe(2);
    expect(counted("(async () => { for await (const x of (async function* () { yield 1; })()); })()")).toBeGreaterThanOrEqual(4);
    expect(counted("(async () => { await { then(done) { done(); } }; })()")).toBe(3);
    expect(counted("1")).toBe(0);
  });

  test("settle as they would without", () => {
    const program = "globalThis.log = []; (async () => { log.push(await Promise.resolve(1)); try { await Promise.reject(2); } catch (e) { log.push(e); } log.push(await Promise.all([3, Promise.resolve(4)]), await { then(f) { f(this.v); }, v: 5 }); for await (const x of [6, Promise.resolve(7)]) log.push(x); })();";
    const results = [meteredEngine(), following("(function (fn) { return typeof fn === 'function' ? function () { return fn.apply(this, arguments); } : fn; })")].map((guest) => {
      guest.evaluate(program);
      runJobs(guest);
      return guest.evaluateJson("log");
    });
    expect(results[0]).toBe("[1,2,[3,4],5,6,7]");
    expect(results[1]).toBe("[1,2,[3,4],5,6,7]");
  });

  test("fail where the wrapping function throws, and the engine goes on", () => {
    const guest = following("globalThis.broken = true; (function (fn) { if (broken && typeof fn === 'function') throw new RangeError('no room'); return fn; })");
    expect(guest.evaluateJson("let name = ''; try { Promise.resolve(1).then(() => {}); } catch (error) { name = error.name; } name")).toBe('"RangeError"');
    guest.evaluate("globalThis.seen = []; Promise.resolve({ then(done) { seen.push('called'); done(); } }); broken = false; Promise.resolve(1).then((x) => seen.push(x));");
    runJobs(guest);
    expect(guest.evaluateJson("seen")).toBe('["called",1]');
  });
});

test("an engine in which the functions cannot be told fails the build", () => {
  const module = readModule(enginePackage.wasm);
  const { perform } = findReactionFunctions(module);
  expect(() => findReactionFunctions({ ...module, functions: module.functions.filter((body) => body.index !== perform) })).toThrow("0 functions look like the one that makes promise reactions");
  const body = module.functions.find(({ index }) => index === perform) as (typeof module.functions)[number];
  expect(() => findReactionFunctions({ ...module, functions: [...module.functions, body] })).toThrow("2 functions");
});
