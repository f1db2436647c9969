/**
 * What hostile apps try, as data: `source` is the body of `async fetch(req, env, ctx)`. Limits while they run: cpu 50 ms, wall 2 s, memory 64 MB, log 64 KB.
 * The suite checks each against the executable; the benchmark `neighbours` takes one of each category.
 */

export type Category = "C" | "N" | "G" | "S" | "M" | "P" | "T" | "L" | "B" | "R" | "E" | "I";

/** What the client may be told: the status, the code in `x-nano-error`, or `closed` for a connection that ended before or inside the response. */
export type Told = 200 | "cpu_limit" | "memory_limit" | "wall_limit" | "app_exception" | "bad_response" | "isolate_lost" | "closed";

export interface Attack {
  readonly id: string;
  readonly category: Category;
  readonly source: string;
  readonly told: readonly Told[];
  /** Whether a limit has to end the isolate, may not, or either. */
  readonly kill: "yes" | "no" | "either";
}

const c: readonly Told[] = ["cpu_limit"];
const cm: readonly Told[] = ["cpu_limit", "memory_limit"];
const x: readonly Told[] = ["app_exception"];

const attack = (id: string, told: readonly Told[], source: string, kill: Attack["kill"] = told.includes(200) || told.includes("app_exception") || told.includes("bad_response") ? "either" : "yes"): Attack => ({
  id,
  category: id[0] as Category,
  source,
  told,
  kill,
});

export const attacks: readonly Attack[] = [
  // CPU in JavaScript
  attack("C01", c, "while (true) {}"),
  attack("C02", c, "while (true) { try { while (true) {} } catch {} }"),
  attack("C03", c, "for (;;) { try { for (;;) {} } catch {} finally { continue; } }"),
  attack("C04", c, "function* g() { try { for (;;); } finally { for (;;); } } return new Response([...g()]);"),
  attack("C05", c, "return [...{ *[Symbol.iterator]() { for (;;) yield 1; } }];"),
  attack("C06", c, "class A { static { for (;;); } }"),
  attack("C07", c, "return new Proxy({}, { get() { for (;;); } }).x;"),
  attack("C08", c, "label: for (;;) { switch (1) { case 1: continue label; } }"),
  attack("C09", c, "throw { get message() { for (;;); }, get stack() { for (;;); } };"),
  attack("C10", ["cpu_limit", "bad_response"], "return { get status() { for (;;); } };"),
  attack("C11", cm, "for (;;) { const a = {}; a.a = a; }"),
  attack("C12", c, "const o = { valueOf() { for (;;); } }; return new Response(o + 1);"),
  attack("C14", c, "const spin = (n) => { let s = 0; for (let i = 0; i < n; i++) s += i; return s; }; for (let i = 0; i < 40; i++) { spin(200000); await new Promise((r) => setTimeout(r, 1)); } return new Response('done');"),
  attack("C16", c, `const body = "x = 1;".repeat(40000); const f = new Function("let x = 0; for (;;) {" + body + "}"); f();`),
  attack("C17", c, "return new Response({ toString() { for (;;); } });"),
  attack("C18", c, "const u = new URLSearchParams('a=1'); for (;;) u.append('a', 'b') , u.delete('a');"),
  attack("C19", c, "for (;;) new URL('https://example.com/a/b?c=d#e');"),
  attack("C20", c, "const h = new Headers(); for (;;) h.set('a', 'b');"),
  attack("C21", cm, "for (;;) await new Response('x').text();"),
  attack("C22", c, "const o = { a: [1, { b: new Map([[1, 2]]) }] }; for (;;) structuredClone(o);"),
  attack("C23", c, "const t = new TextEncoder(), d = new TextDecoder(); for (;;) d.decode(t.encode('hello'));"),
  attack("C24", c, "addEventListener('x', () => { for (;;); }); dispatchEvent(new Event('x'));"),
  // CPU in native code
  attack("N01", c, "return Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1);"),
  attack("N02", c, "const a = []; a.length = 2 ** 32 - 1; return a.includes(1);"),
  attack("N03", cm, "const a = []; a.length = 2 ** 32 - 1; return a.reverse();"),
  attack("N04", cm, "const a = []; a.length = 2 ** 32 - 1; return a.sort();"),
  attack("N05", ["cpu_limit", "memory_limit", "app_exception"], "const a = []; a.length = 2 ** 32 - 1; return [].concat(a, a);"),
  attack("N06", c, "return Array.prototype.copyWithin.call({ length: 2 ** 53 - 1 }, 0, 1);"),
  attack("N07", c, "return Array.prototype.unshift.call({ length: 2 ** 53 - 2 }, 1);"),
  attack("N08", ["cpu_limit", "memory_limit", "app_exception"], "const a = []; a.length = 2 ** 28; return a.join('');"),
  attack("N09", c, "const a = []; a.length = 2 ** 32 - 1; return a.lastIndexOf(1);"),
  attack("N10", ["cpu_limit", "memory_limit", "app_exception"], "let a = [1]; for (let i = 0; i < 40; i++) a = [a, a]; return JSON.stringify(a);"),
  attack("N11", c, "const a = 3n ** 60000n, b = 7n ** 20000n; for (;;) a % b;"),
  attack("N12", c, "for (;;) (3n ** 40000n).toString();"),
  attack("N13", c, "const s = 'a'.repeat(6e6); return s.indexOf('a'.repeat(3e6) + 'b');"),
  attack("N14", c, "const u = new Uint8Array(30e6); for (;;) u.fill(1);"),
  attack("N15", c, "const u = new Uint8Array(20e6); for (;;) u.copyWithin(1, 0);"),
  attack("N16", ["cpu_limit", "memory_limit", "app_exception"], "const s = '\\u0390'.repeat(3e6); for (let i = 0; i < 50; i++) s.toUpperCase();"),
  attack("N17", c, "for (let i = 0; i < 100; i++) Number('1'.repeat(2e6));"),
  attack("N18", c, "for (;;) 'a'.repeat(1e6).normalize('NFKD');"),
  attack("N19", ["cpu_limit", "memory_limit", "app_exception"], "return JSON.parse('[' + '1,'.repeat(3e6) + '1]');"),
  attack("N20", ["cpu_limit", "memory_limit", "app_exception"], "return encodeURIComponent('\\u20ac'.repeat(5e6));"),
  attack("N21", ["cpu_limit", "memory_limit", "app_exception"], "(0, eval)('1;'.repeat(3e6)); (0, eval)('1' + '+1'.repeat(1e6));"),
  attack("N22", c, "const s = 'a,'.repeat(1e5); for (;;) s.split(',');"),
  attack("N23", c, "for (let i = 0; i < 1000; i++) new Float64Array(3e6).sort();"),
  attack("N24", c, "for (;;) crypto.getRandomValues(new Uint8Array(65536));"),
  attack("N25", c, "const d = new Uint8Array(1e6); for (;;) await crypto.subtle.digest('SHA-512', d);"),
  attack("N26", c, "const s = 'x'.repeat(1e6); for (;;) btoa(s);"),
  attack("N27", c, "const m = new Map(); for (let i = 0; i < 1e5; i++) m.set(i, i); for (;;) new Map(m);"),
  // Regular expressions
  attack("G01", c, "return /^(a+)+$/.test('a'.repeat(40) + 'b');"),
  attack("G02", c, "return /^(a|a)*$/.test('a'.repeat(40) + 'b');"),
  attack("G03", c, "return /^(a+)\\1+\\1+\\1+$/.test('a'.repeat(6000) + 'b') || /^(.*)*\\1x$/.test('a'.repeat(50));"),
  attack("G04", c, "return ('a'.repeat(40) + 'b').replace(/(a+)+$/g, '') + ('a'.repeat(40) + 'b').split(/(a+)+$/);"),
  attack("G05", c, "return [...('a'.repeat(40) + 'b').matchAll(/(a+)+$/g)];"),
  attack("G06", [...x, "cpu_limit", "memory_limit"], "return new RegExp('('.repeat(2e5) + ')'.repeat(2e5));"),
  attack("G07", [200, "cpu_limit", "memory_limit", "app_exception"], "return new Response(String(new RegExp('(?:a{0,1000}){0,1000}'.repeat(50)).test('a')));"),
  // Stack
  attack("S01", x, "function f() { f(); } f();", "no"),
  attack("S02", [...c, "app_exception"], "function f() { try { f(); } catch (e) { f(); } } f();"),
  attack("S03", [...x, "isolate_lost", "cpu_limit", "memory_limit"], "return JSON.parse('['.repeat(1e6));"),
  attack("S04", [...x, "isolate_lost", "cpu_limit", "memory_limit"], "let o = {}; for (let i = 0; i < 1e5; i++) o = { o }; return JSON.stringify(o);"),
  attack("S05", [...x, "isolate_lost", "cpu_limit", "memory_limit"], "return (0, eval)('('.repeat(1e5) + '1' + ')'.repeat(1e5));"),
  attack("S06", [...x, "cpu_limit", "isolate_lost"], "let p = {}; for (let i = 0; i < 1e5; i++) p = new Proxy(p, {}); return p.x;"),
  attack("S08", [...x, "isolate_lost", "cpu_limit", "memory_limit"], "let o = {}; for (let i = 0; i < 1e5; i++) o = { o }; return structuredClone(o);"),
  attack("S09", x, "const o = { get x() { return this.x; } }; return o.x;", "no"),
  attack("S10", x, "const o = { valueOf() { return +this; } }; return +o;", "no"),
  // Memory
  attack("M01", cm, "const a = []; for (;;) a.push(new ArrayBuffer(1 << 20));"),
  attack("M02", cm, "const a = []; for (;;) a.push({ x: 1, y: [] });"),
  attack("M03", cm, "const a = []; for (let i = 0; ; i++) a.push('x'.repeat(1000) + i);"),
  attack("M04", cm, "const m = new Map(); for (let i = 0; ; i++) m.set('k' + i, { i });"),
  attack("M05", cm, "for (let i = 0; ; i++) Symbol.for('s' + i);"),
  attack("M06", cm, "const o = {}; for (let i = 0; ; i++) o['k' + i] = i;"),
  attack("M07", cm, "for (;;) { try { const a = []; for (;;) a.push(new ArrayBuffer(1 << 20)); } catch {} }"),
  attack("M08", [...x, "cpu_limit", "memory_limit"], "let s = 'a'; for (;;) s += s;"),
  attack("M09", x, "return new ArrayBuffer(2 ** 31);", "no"),
  attack("M11", x, "return 'a'.repeat(2 ** 30 - 1).padStart(2 ** 30);", "no"),
  attack("M14", cm, "const a = []; for (;;) a.push(new Blob(['x'.repeat(100000)]));"),
  attack("M15", cm, "const a = []; for (;;) a.push(new ReadableStream());"),
  attack("M16", cm, "const s = new TransformStream(); const w = s.writable.getWriter(); for (;;) { w.write(new Uint8Array(1e5)).catch(() => {}); await 0; }"),
  // Promises
  attack("P01", c, "const f = () => Promise.resolve().then(f); await f();"),
  attack("P02", c, "await new Promise((r) => { const f = () => queueMicrotask(f); f(); });"),
  attack("P03", c, "async function e() { for (;;); } function g() { e().then(g, g); } g(); await new Promise(() => {});"),
  attack("P04", [200, "cpu_limit"], "(async () => { for (;;) await 0; })(); return new Response('ok');"),
  attack("P05", c, "await (async () => { for (;;) await 0; })();"),
  attack("P06", ["wall_limit"], "await new Promise(() => {});", "no"),
  attack("P07", [200], "queueMicrotask(function f() { queueMicrotask(f); }); return new Response('ok');", "yes"),
  attack("P08", [...c, "wall_limit"], "const t = { then(r) { r(t); } }; await t;"),
  attack("P09", [200], "for (let i = 0; i < 1e4; i++) Promise.reject(new Error('x')); return new Response('ok');", "no"),
  attack("P10", c, "new Promise(() => { while (true) {} }).catch(() => {}); for (;;);"),
  // Timers
  attack("T01", x, "for (let i = 0; i < 1e6; i++) setTimeout(() => {}, 1e6);", "no"),
  attack("T02", ["wall_limit"], "await new Promise((r) => setTimeout(r, 1e6));", "no"),
  attack("T03", ["wall_limit", "cpu_limit"], "let n = 0; setInterval(() => n++, 0); await new Promise(() => {});", "either"),
  attack("T04", ["cpu_limit"], "setTimeout(() => { for (;;); }, 1); await new Promise((r) => setTimeout(r, 500));"),
  attack("T05", [200], "ctx.waitUntil(new Promise((r) => setTimeout(r, 120000))); return new Response('ok');", "no"),
  attack("T06", [200], "const told = []; for (const d of [-1, NaN, 1e20, '5', null]) setTimeout(() => {}, d); try { setTimeout(() => {}, Symbol()); } catch (e) { told.push(e.name); } return new Response(told.join());", "no"),
  attack("T07", [200], "setTimeout(() => { throw new Error('late'); }, 1); await new Promise((r) => setTimeout(r, 30)); return new Response('ok');", "no"),
  // Logs
  attack("L01", c, "for (;;) console.log('x'.repeat(1e4));"),
  attack("L02", [200, "cpu_limit"], "const o = { get a() { for (;;); }, self: null }; o.self = o; console.log(o, new Proxy({}, { get() { for (;;); } }), Object.fromEntries(Array.from({ length: 1000 }, (_, i) => ['k' + i, i]))); return new Response('ok');"),
  attack("L03", [200], "console.log('line\\nforged\\u001b[31m\\u202e'); return new Response('ok');", "no"),
  attack("L05", [200], "console.log('secret is ' + env.SECRET); return new Response('ok');", "no"),
  // Bodies and responses
  attack("B03", [200, "wall_limit", "closed"], "return new Response(new ReadableStream({ pull() {} }));", "either"),
  attack("B04", [200, "bad_response", "closed"], "return new Response(new ReadableStream({ start(c) { c.enqueue('text'); c.close(); } }));", "no"),
  attack("R01", ["bad_response"], "return { status: 200, body: 'x' };", "no"),
  attack("R02", x, "for (const status of [999, 101, 100, 199, 600, -1, NaN]) { try { new Response('x', { status }); return new Response('accepted ' + status); } catch (e) { if (!(e instanceof RangeError)) throw e; } } throw new RangeError('all refused');", "no"),
  attack("R03", x, "return new Response('x', { status: 204 });", "no"),
  attack("R04", x, "return new Response('x', { headers: { 'x-a': 'b\\r\\nset-cookie: c' } });", "no"),
  attack("R05", ["bad_response"], "const headers = new Headers(); for (let i = 0; i < 1000; i++) headers.append('x-' + i, 'v'); return new Response('x', { headers });", "no"),
  attack("R06", ["bad_response"], "return new Response('x', { headers: { 'x-a': 'v'.repeat(100000) } });", "no"),
  attack("R07", [200, "bad_response", "app_exception"], "globalThis.kept ??= new Response('once'); return globalThis.kept;", "no"),
  attack("R10", x, "throw Symbol('s');", "no"),
  attack("R11", x, "throw null;", "no"),
  attack("R12", x, "throw 'x'.repeat(1e6);", "no"),
  attack("R13", x, "throw { get name() { throw 1; }, get message() { throw 2; } };", "no"),
  // Escape
  attack("E01", [200], `const found = []; for (const name of ["Bun", "process", "require", "Deno", "global", "std", "os", "WebAssembly", "SharedArrayBuffer", "Worker", "__nanoOps", "__nanoReady"]) if ((0, eval)("typeof " + name) !== "undefined") found.push(name); if (found.length > 0) throw new Error("reachable: " + found); return new Response("none");`, "no"),
  attack("E05", [200], `for (const k of ["__proto__", "constructor", "toString", "hasOwnProperty"]) { const h = new Headers(); h.set(k, "v"); if (h.get(k) !== "v") throw new Error(k); const u = new URLSearchParams(); u.set(k, "v"); if (u.get(k) !== "v") throw new Error(k); } return new Response("ok");`, "no"),
  attack("E08", [200, "app_exception"], "const told = []; for (const s of ['node:fs', 'file:///etc/passwd', 'https://example.com/x.js', '/etc/passwd']) { try { const name = s; await import(name); told.push(s); } catch (e) { if (!(e instanceof Error)) throw e; } } if (told.length > 0) throw new Error('imported ' + told); return new Response('refused');", "no"),
  attack("E11", [200], "const e = new Error('x'); if (/\\/(work|root|home|tmp|usr)\\//.test(e.stack)) throw new Error('host path in the stack'); return new Response('ok');", "no"),
  // Last of its category: what it breaks stays broken in its own isolate.
  attack("E99", [200, "app_exception", "bad_response", "cpu_limit", "wall_limit"], "for (const P of [Object, Array, Promise, Function, String, Map, Set, Headers, Response]) for (const k of Object.getOwnPropertyNames(P.prototype)) if (k !== 'constructor') try { P.prototype[k] = () => { throw 1; }; } catch {} return new Response('poisoned');", "either"),
  // Isolation
  attack("I01", [200], "const seen = JSON.stringify([Object.keys(env), Object.keys(globalThis)]); if (/CANARY-good/.test(seen + JSON.stringify(env))) throw new Error('foreign env'); return new Response('ok');", "no"),
  attack("I03", [200], "try { env.SECRET = 'changed'; } catch {} try { env.added = 1; } catch {} if (env.SECRET === 'changed' || 'added' in env) throw new Error('env is writable'); return new Response('ok');", "no"),
];
