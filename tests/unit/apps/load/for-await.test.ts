/** A `for await` loop that is left early waits for its iterator to close, in the isolate as in the host's engine. */
import { expect, test } from "bun:test";
import { mapPosition } from "../../../../src/apps/load/source-map.ts";
import { bundleOf } from "../../../harness/node-app.ts";
import { TestIsolate } from "../../../harness/isolate.ts";

const PRELUDE = `const log = [];
const source = (options = {}) => { let n = 0; return { [Symbol.asyncIterator]() { log.push("open"); return {
  async next() { if (n === 3) { if (options.nextFails) throw new RangeError("next"); return { done: true, value: undefined }; } return { done: false, value: n++ }; },
  ...(options.noReturn ? {} : { return() { log.push("return"); if (options.throws) throw new EvalError("sync"); return new Promise((resolve, reject) => setTimeout(() => { log.push("closed"); options.fails ? reject(new EvalError("late")) : resolve(options.odd ?? {}); }, 1)); } }) }; } }; };
const late = async (fn) => { try { log.push("gave " + (await fn())); } catch (error) { log.push(error.name + " " + (error instanceof TypeError ? "" : error.message)); } };
`;
const CASES: Readonly<Record<string, string>> = {
  break: "for await (const x of source()) { log.push(x); if (x === 1) break; } log.push('after');",
  return: "await late(async () => { for await (const x of source()) { return x; } });",
  throw: "await late(async () => { for await (const x of source()) { throw new Error('body'); } });",
  "throw, and closing fails": "await late(async () => { for await (const x of source({ fails: true })) { throw new Error('body'); } });",
  "break, and closing fails": "await late(async () => { for await (const x of source({ fails: true })) break; });",
  "break, and closing throws at once": "await late(async () => { for await (const x of source({ throws: true })) break; });",
  "break, and closing gives no object": "await late(async () => { for await (const x of source({ odd: 1 })) break; });",
  "to the end": "for await (const x of source()) log.push(x); log.push('after');",
  "next fails": "await late(async () => { for await (const x of source({ nextFails: true })) log.push(x); });",
  "no return method": "for await (const x of source({ noReturn: true })) break; log.push('after');",
  labels: "outer: for (const y of [1, 2]) { inner: for await (const x of source()) { if (x === 1) continue outer; if (y === 2) break outer; for (;;) continue inner; } } log.push('after');",
  "loops in loops": "for await (const x of source()) for await (const y of source()) { log.push([x, y].join()); if (y === 1) break; if (x === 1) { await null; break; } }",
  "without a block, in a condition": "if (true) for await (const x of source()) break; else log.push('never'); log.push('after');",
  "sync iterables": "for await (const x of [1, Promise.resolve(2)]) { log.push(x); if (x === 2) break; } function* g() { try { yield Promise.resolve(1); yield 2; } finally { log.push('finally'); } } for await (const x of g()) { log.push(x); break; }",
  "generators and destructuring": "async function* g() { try { yield [1, { a: 2 }]; } finally { await null; log.push('cleaned'); } } for await (const [x, { a = 3 }] of g()) { log.push(x + a); break; } log.push('after');",
  "a yield inside": "async function* g() { for await (const x of source()) yield x; } for await (const x of g()) { log.push(x); break; } log.push('after');",
  "a variable and a member as target": "const o = {}; var v; for await (o.x of source()) break; for await (v of source()) if (v) break; log.push(o.x, v);",
  "what cannot be iterated": "await late(async () => { for await (const x of {}) break; }); await late(async () => { for await (const x of { [Symbol.asyncIterator]: () => 1 }) break; });",
};

for (const [title, body] of Object.entries(CASES))
  test(title, async () => {
    const there = await new Function(`return (async () => { ${PRELUDE}${body} return log; })()`)();
    const { code, doorName } = await bundleOf({ "index.js": `export default { async fetch() { ${PRELUDE}${body}\nreturn Response.json(log); } };` });
    using app = await TestIsolate.load(code, {}, doorName);
    expect(JSON.parse((await app.request()).text)).toEqual(there);
  });

test("positions stay those of the app's files", async () => {
  const text = 'const a = "😀"; export const f = async (list) => { lab: for await (const x of list) { if (x) { marked(x); } } return list.map((y) => other(y)); };\nfunction marked() { throw new Error("here"); }\nfunction other() {}\nexport default { fetch() { return new Response(); } };\n';
  const bundle = await bundleOf({ "index.js": text });
  for (const word of ["marked(x)", "other(y)", "for await", "list.map", 'Error("here")']) {
    const lines = bundle.code.split("\n");
    const line = lines.findIndex((candidate) => candidate.includes(word));
    // The engine counts code points.
    const column = [...(lines[line] as string).slice(0, (lines[line] as string).indexOf(word))].length;
    const before = text.slice(0, text.indexOf(word));
    const place = mapPosition(line + 1, column + 1, bundle);
    expect([word, place?.line, place?.column]).toEqual([word, before.split("\n").length, before.length - before.lastIndexOf("\n")]);
  }
});

test("code without such loops, and code that no parser takes, is left as it is", async () => {
  const { waitForClosing } = await import("../../../../src/apps/load/for-await.ts");
  for (const code of ["for (const x of y) ;", 'const s = "for await";', "for await (x of"]) expect(waitForClosing({ code, sourceMap: '{"mappings":""}' })).toEqual({ code, sourceMap: '{"mappings":""}' });
});
