/** The node: modules give what Node gives: each case runs in a real isolate and in Node. */
import { expect, test } from "bun:test";
import { hasNode, inNode, runNode } from "../../harness/node-app.ts";

const PRELUDE = "const thrown = (fn) => { try { fn(); return null; } catch (e) { return [e.name, e.code ?? null]; } };";

interface Case {
  readonly title: string;
  readonly imports: string;
  readonly body: string;
}
const c = (title: string, imports: string, body: string): Case => ({ title, imports, body });

const CASES: readonly Case[] = [
  c("Buffer decodes and encodes every encoding", 'import { Buffer } from "node:buffer";', `
    const samples = ["", "a", "aé€😀", "\\ud800x", "ABCD", "aGVsbG8", "aGVs bG8=", "_-_-", "68656c6c6f", "6865zz", "686"], encodings = ["utf8", "utf-8", "UCS2", "utf16le", "latin1", "binary", "ascii", "base64", "base64url", "hex"];
    return samples.flatMap((text) => encodings.map((e) => { const b = Buffer.from(text, e); return [e, [...b], b.toString(e), b.toString("hex"), Buffer.byteLength(text, e === "base64" || e === "base64url" ? "utf8" : e)]; }));`),
  c("Buffer is made of everything that Node makes one of", 'import { Buffer } from "node:buffer";', `
    const ab = new Uint8Array([1, 2, 3, 4]).buffer;
    return [[...Buffer.from([1, 256, -1, "7"])], [...Buffer.from(ab, 1, 2)], [...Buffer.from(Buffer.from("x"))], [...Buffer.from(new String("s"))], [...Buffer.alloc(3, "ab")], [...Buffer.alloc(2)], [...Buffer.concat([Buffer.from("a"), new Uint8Array([9])])],
      [...Buffer.concat([Buffer.from("abc")], 2)], thrown(() => Buffer.from(1)), thrown(() => Buffer.from("a", "nope")), thrown(() => Buffer.alloc(-1)), Buffer.isBuffer(Buffer.alloc(1)), Buffer.isBuffer(new Uint8Array(1)), Buffer.isEncoding("hex"), Buffer.isEncoding("x"),
      JSON.stringify(Buffer.from("hi")), Buffer.compare(Buffer.from("a"), Buffer.from("b")), Buffer.from("a") instanceof Uint8Array, Buffer.from("abc").subarray(1).toString(), Buffer.isBuffer(Buffer.from("abc").subarray(1)), Buffer.from("abc").slice(1, 2) + ""];`),
  c("Buffer reads, writes, searches and compares", 'import { Buffer } from "node:buffer";', `
    const b = Buffer.alloc(16); b.writeUInt32BE(0xdeadbeef, 0); b.writeInt16LE(-2, 4); b.writeDoubleBE(1.5, 6);
    const t = Buffer.from("hello hello");
    return [b.toString("hex"), b.readUInt32BE(0), b.readInt16LE(4), b.readDoubleBE(6), b.readUIntBE(0, 3), t.indexOf("lo"), t.indexOf("lo", 5), t.lastIndexOf("hell"), t.includes("xx"), t.indexOf(Buffer.from("o h")), t.equals(Buffer.from("hello hello")),
      t.write("HEY", 2), t.toString(), t.write("é€", 9), t.toString("latin1"), t.fill("xy", 0, 4).toString("latin1"), Buffer.from("abcd").swap16().toString(), t.toString("utf8", 2, 5), t.toString("utf8", 5, 2), thrown(() => b.readUInt32BE(14))[0], [...Buffer.from("ab").entries()], b.writeBigInt64LE(-5n, 0), String(b.readBigInt64LE(0))];`),
  c("a StringDecoder waits for the rest of a character", 'import { StringDecoder } from "node:string_decoder";', `
    const bytes = { utf8: [0xe2, 0x82, 0xac, 0x61, 0xf0, 0x9f, 0x98, 0x80, 0xc3], utf16le: [0x3d, 0xd8, 0x00, 0xde, 0x61, 0x00], base64: [1, 2, 3, 4, 5], hex: [1, 2, 255], latin1: [0xe9, 0x41], ascii: [0x41, 0x42] };
    return Object.entries(bytes).map(([encoding, list]) => [1, 2, 3].map((size) => { const d = new StringDecoder(encoding); let text = ""; for (let i = 0; i < list.length; i += size) text += d.write(Uint8Array.from(list.slice(i, i + size))); return [encoding, text + d.end(), d.encoding]; }));`),
  c("events are emitted, removed and counted", 'import EventEmitter, { once, on, getEventListeners } from "node:events";', `
    const log = [], e = new EventEmitter();
    const a = (...args) => log.push("a" + args), b = () => log.push("b");
    e.on("newListener", (name, fn) => log.push("new " + String(name) + (fn === a)));
    e.on("x", a); e.prependListener("x", b); e.once("x", () => log.push("once")); e.addListener(Symbol.for("s"), a);
    log.push(e.emit("x", 1, 2), e.emit("x"), e.emit("none"), e.listenerCount("x"), e.eventNames().map(String).join(), e.listeners("x").length, e.rawListeners("x").length, getEventListeners(e, "x").length);
    e.off("x", a); e.emit("x"); e.on("removeListener", (name) => log.push("removed " + String(name))); e.removeAllListeners("x"); log.push(e.emit("x"));
    log.push(thrown(() => e.emit("error", new RangeError("r"))), thrown(() => e.emit("error", "text")), thrown(() => e.on("x", 1)), thrown(() => e.setMaxListeners(-1)), e.getMaxListeners(), EventEmitter.defaultMaxListeners);
    const f = new EventEmitter(); setTimeout(() => f.emit("late", 1, 2), 1); log.push(await once(f, "late"));
    setTimeout(() => { f.emit("tick", 1); f.emit("tick", 2); f.emit("stop"); }, 1); for await (const [n] of on(f, "tick", { close: ["stop"] })) log.push("tick" + n);
    setTimeout(() => f.emit("error", new Error("bad")), 1); log.push(await once(f, "never").catch((error) => error.message));
    class Sub extends EventEmitter { constructor() { super(); this.on("y", function () { log.push(this instanceof Sub); }); } } new Sub().emit("y");
    function Old() { EventEmitter.call(this); } Old.prototype = Object.create(EventEmitter.prototype); new Old().on("z", () => log.push("old")).emit("z");
    const captured = new EventEmitter({ captureRejections: true }); captured.on("error", (error) => log.push("captured " + error.message)); captured.on("go", async () => { throw new Error("async"); }); captured.emit("go"); await new Promise((r) => setTimeout(r, 5));
    return log;`),
  c("util formats, promisifies, inherits and compares", 'import util from "node:util";', `
    function Parent() {} Parent.prototype.hi = () => "hi"; function Child() {} util.inherits(Child, Parent);
    const late = (value, callback) => setTimeout(() => value < 0 ? callback(new RangeError("neg")) : callback(null, value * 2), 1);
    return [util.format("%s %d %i %f %j %o %% %s", "a", 1.5, 2.7, "3.25", { a: 1 }, "o"), util.format("x", 1, "y"), util.format(1, 2), util.format("%s", null), util.format("%d", "0x10"), util.format("%s", 12n), util.format("%c|", "css"), util.format("%%%s%"),
      new Child().hi(), Child.super_ === Parent, await util.promisify(late)(4), await util.promisify(late)(-1).catch((e) => e.name), await new Promise((r) => util.callbackify(async (x) => x + 1)(1, (error, value) => r([error, value]))),
      await new Promise((r) => util.callbackify(async () => { throw null; })((error) => r([error.code, error.reason]))), util.isDeepStrictEqual({ a: [1, new Map([[{ k: 1 }, new Set([1])]])] }, { a: [1, new Map([[{ k: 1 }, new Set([1])]])] }), util.isDeepStrictEqual([1], ["1"]),
      util.isDeepStrictEqual(new Date(1), new Date(1)), util.isDeepStrictEqual(NaN, NaN), util.isDeepStrictEqual(0, -0), util.isDeepStrictEqual(/a/g, /a/i), util.isDeepStrictEqual(new Uint8Array([1]), new Uint8Array([1])), util.isDeepStrictEqual(Object.create(null), {}),
      util.stripVTControlCharacters("\\u001b[31mred\\u001b[0m"), util.toUSVString("a\\ud800"), util.types.isRegExp(/a/), util.types.isPromise(Promise.resolve()), util.types.isMap(new Set()), util.types.isUint8Array(new Uint8Array()), util.types.isAsyncFunction(async () => {}), util.types.isGeneratorFunction(function* () {}),
      util.types.isNativeError(new RangeError()), util.types.isBoxedPrimitive(Object(1n)), util.types.isArgumentsObject((function () { return arguments; })()), util.inspect("q"), util.inspect(1n), util.inspect(null), util.inspect({ [util.inspect.custom]: () => "custom!" }), thrown(() => util.promisify(1)), thrown(() => util.inherits(1, 2)),
      util.types.isMapIterator(new Map().keys()), util.types.isTypedArray(new DataView(new ArrayBuffer(1)))];`),
  c("assertions hold and fail alike", 'import assert from "node:assert"; import strict from "node:assert/strict";', `
    const fails = (fn) => { try { fn(); return "passed"; } catch (e) { return [e.name, e.code ?? null, e.operator ?? null, e.generatedMessage ?? null]; } };
    const late = async (fn) => { try { await fn(); return "passed"; } catch (e) { return [e.name, e.code ?? null, e.operator ?? null]; } };
    const boom = () => { throw new TypeError("boom"); };
    return [fails(() => assert(1)), fails(() => assert(0)), fails(() => assert.ok(false, "m")), fails(() => assert.equal(1, "1")), fails(() => assert.equal(1, 2)), fails(() => assert.strictEqual(1, "1")), fails(() => assert.notStrictEqual(1, 1)), fails(() => strict.equal(1, "1")),
      fails(() => assert.deepEqual({ a: 1 }, { a: "1" })), fails(() => assert.deepStrictEqual({ a: 1 }, { a: "1" })), fails(() => assert.deepStrictEqual([1, [2]], [1, [2]])), fails(() => assert.notDeepStrictEqual([1], [1])), fails(() => assert.throws(boom)), fails(() => assert.throws(boom, TypeError)),
      fails(() => assert.throws(boom, RangeError)), fails(() => assert.throws(boom, /boom/)), fails(() => assert.throws(boom, /bang/)), fails(() => assert.throws(boom, { name: "TypeError", message: "boom" })), fails(() => assert.throws(boom, { message: "x" })), fails(() => assert.throws(() => {})), fails(() => assert.doesNotThrow(boom)),
      fails(() => assert.match("abc", /b/)), fails(() => assert.match("abc", /x/)), fails(() => assert.doesNotMatch("abc", /b/)), fails(() => assert.fail("f")), fails(() => assert.ifError(null)), fails(() => assert.ifError(new Error("e"))), fails(() => assert.strictEqual(1, 2, new RangeError("own"))),
      await late(() => assert.rejects(Promise.reject(new Error("r")))), await late(() => assert.rejects(async () => 1)), await late(() => assert.rejects(Promise.reject(new Error("r")), /x/)), await late(() => assert.doesNotReject(Promise.resolve())), await late(() => assert.rejects(1)),
      fails(() => assert.deepStrictEqual(new Set([{ a: 1 }]), new Set([{ a: 1 }]))), fails(() => assert.deepStrictEqual(new Map([[1, { b: 2 }]]), new Map([[1, { b: 3 }]]))), fails(() => assert.strict.deepEqual([0], [-0])), fails(() => assert.throws("no function"))];`),
  c("paths are joined, resolved and taken apart", 'import path from "node:path"; import posix from "node:path/posix";', `
    return [path.join("a", "..", "/b", "c/"), path.normalize("/a//b/../c/."), path.resolve("/a", "b", "../c"), path.resolve("/a", "/b"), path.relative("/a/b/c", "/a/d"), path.basename("/a/b.txt"), path.basename("/a/b.txt", ".txt"), path.dirname("/a/b/c"), path.extname("x.tar.gz"), path.extname(".bashrc"),
      path.parse("/home/u/f.txt"), path.format({ dir: "/x", base: "y" }), path.isAbsolute("a"), path.isAbsolute("/a"), path.sep, path.delimiter, posix.join("a", "b"), path.posix.sep, thrown(() => path.join(1))[0], path.join(""), path.dirname("a"), path.dirname(""), path.relative("/a", "/a")];`),
  c("query strings are parsed and made", 'import qs from "node:querystring";', `
    return [qs.parse("a=1&b=2&a=3&c&=x&d=%20+%zz&e=%ff"), qs.parse("a:1;b:2", ";", ":"), qs.parse("a=1&b=2&c=3", null, null, { maxKeys: 2 }), qs.stringify({ a: [1, "b c"], d: true, e: null, f: undefined, g: "é&=", h: 5n, i: NaN }), qs.stringify({ a: "b" }, ";", ":"), qs.escape("a b&c"), qs.unescape("%41%"), qs.parse(""), qs.stringify(1), qs.parse("a=b=c&&x=%E4%BD%A0"), Object.getPrototypeOf(qs.parse("a=1")) === null];`),
  c("older URLs are parsed, formatted and resolved", 'import url from "node:url";', `
    const list = ["http://user:pa%20ss@Example.COM:8080/p/a/t/h?query=string&a=b#hash", "/a/b?c=d", "//host/path", "mailto:a@b.c", "http://[::1]:80/x", "https://ex.com", "http://ex.com?x#y", "javascript:alert(1)", "?only=query", "#frag", "relative/path", "http://ex.com/a b", "HTTP://EX.com\\\\a\\\\b", "file:///etc/x", "x://y"];
    const parts = ({ protocol, slashes, auth, host, port, hostname, hash, search, query, pathname, path, href }) => [protocol, slashes, auth, host, port, hostname, hash, search, query, pathname, path, href];
    return [list.map((text) => parts(url.parse(text))), parts(url.parse("//a/b", false, true)), { ...url.parse("?a=1&a=2", true).query }, url.format({ protocol: "http", host: "h.com", pathname: "p", query: { a: 1, b: [2, 3] }, hash: "z" }), url.format({ hostname: "h", port: 80, slashes: true }), url.format(new URL("http://a:b@c/d?e#f"), { auth: false, fragment: false, search: false }),
      url.resolve("/one/two/three", "four"), url.resolve("http://example.com/one", "/two"), url.resolve("http://example.com/a/b", "../c?d#e"), url.resolve("a/b", "c"), url.fileURLToPath("file:///a%20b"), thrown(() => url.fileURLToPath("http://x")), thrown(() => url.fileURLToPath("file://host/x")), url.pathToFileURL("/a b#c?d%").href, url.domainToASCII("español.com"), url.domainToASCII("xn--i\\u00f1valid.com"), url.urlToHttpOptions(new URL("http://u:p@h:1/p?q#h")), thrown(() => url.parse(1))];`),
  c("hashes and HMACs are those of Node", 'import crypto, { createHash, createHmac, hash, timingSafeEqual, hkdfSync } from "node:crypto"; import { Buffer } from "node:buffer";', `
    const big = new Uint8Array(3_000_000).fill(7), names = ["md5", "sha1", "SHA256", "sha384", "sha512", "sha224", "sha512-256"];
    const first = createHash("sha256").update("a"), copy = first.copy(); const long = createHash("sha1").update(big), longCopy = long.copy();
    return [names.map((name) => [createHash(name).update("abc").digest("hex"), createHash(name).update("a").update(Buffer.from("bc")).update("").digest("base64"), createHmac(name, "key").update("abc").digest("base64url"), createHash(name).update(big).digest("hex"), createHmac(name, big).update(big).digest("hex"), createHash(name).digest("latin1").length]),
      copy.update("b").digest("hex"), first.digest("hex"), long.update("x").digest("hex"), longCopy.digest("hex"), hash("sha1", "abc"), Buffer.isBuffer(createHash("md5").digest()), createHash("sha1").update("616263", "hex").digest("hex"),
      thrown(() => createHash("nope")), thrown(() => { const h = createHash("md5"); h.digest(); h.update("x"); }), thrown(() => { const h = createHash("md5"); h.digest(); h.digest(); }), thrown(() => createHash("md5").update(1)), thrown(() => createHash(1)),
      timingSafeEqual(Buffer.from("abc"), Buffer.from("abc")), timingSafeEqual(Buffer.from("abc"), Buffer.from("abd")), thrown(() => timingSafeEqual(Buffer.from("a"), Buffer.from("ab"))), thrown(() => timingSafeEqual("a", "a")), Buffer.from(hkdfSync("sha256", "key", "salt", "info", 42)).toString("hex"), Buffer.from(hkdfSync("sha512", "key", "", "", 100)).toString("hex"),
      crypto.randomBytes(16).length, crypto.randomUUID().length, await new Promise((r) => crypto.randomBytes(4, (error, bytes) => r([error, bytes.length]))), [0, 1, 2, 3].every(() => { const n = crypto.randomInt(5, 8); return n >= 5 && n < 8; }), thrown(() => crypto.randomInt(3, 3)), thrown(() => crypto.randomBytes(-1)), crypto.randomFillSync(Buffer.alloc(4), 2).subarray(0, 2).toString("hex"), typeof crypto.webcrypto.subtle.digest];`),
  c("streams flow, transform, pipe and are consumed", 'import { Readable, Writable, Transform, PassThrough, pipeline, finished, Stream } from "node:stream"; import { pipeline as pipe } from "node:stream/promises"; import { text, json, buffer } from "node:stream/consumers"; import { Buffer } from "node:buffer"; import Default from "stream";', `
    const log = [], upper = () => new Transform({ transform(chunk, _, done) { done(null, chunk.toString().toUpperCase()); } });
    const sink = () => { const got = []; return Object.assign(new Writable({ write(chunk, _, done) { got.push(chunk.toString()); done(); } }), { got }); };
    const a = sink(); await pipe(Readable.from(["a", "b"]), upper(), a); log.push(a.got.join());
    const b = sink(); await new Promise((r) => pipeline(Readable.from([Buffer.from("x")]), b, r)); log.push(b.got.join());
    for await (const chunk of Readable.from([1, 2, 3]).map((n) => n * 2).filter((n) => n > 2)) log.push(chunk);
    log.push(await text(Readable.from(["q", "r"])), await json(Readable.from(['{"a":', "1}"])), (await buffer(Readable.from([Buffer.from("z")]))).toString());
    log.push(await pipe(Readable.from(["x"]), new Transform({ transform(_c, _e, done) { done(new RangeError("bad")); } }), sink()).catch((e) => e.name));
    const reader = new PassThrough(); reader.write("abc"); reader.end("def"); let all = ""; reader.setEncoding("utf8"); reader.on("data", (d) => { all += d; }); await new Promise((r) => finished(reader, r)); log.push(all);
    log.push(await text(Readable.fromWeb(new Blob(["web"]).stream())), await new Response(Readable.toWeb(Readable.from([Buffer.from("to")]))).text());
    log.push(Default === Stream, Stream.Readable === Readable, new Readable() instanceof Stream, new Writable().writableHighWaterMark, new Transform() instanceof Readable);
    return log;`),
  c("timers can be cleared, awaited and aborted", 'import timers, { setTimeout as later, setImmediate, clearTimeout, setInterval, clearInterval } from "node:timers"; import { setTimeout as wait, setInterval as every } from "node:timers/promises";', `
    const log = [];
    const t = later(() => log.push("cleared"), 1); clearTimeout(t); log.push(typeof t, t.hasRef(), t.unref() === t, t.hasRef());
    await new Promise((r) => later((a, b) => { log.push(a + b); r(); }, 1, 1, 2)); await new Promise((r) => setImmediate(r));
    let n = 0; await new Promise((r) => { const i = setInterval(() => { if (++n === 2) { clearInterval(i); r(); } }, 1); }); log.push(n, await wait(1, "value"));
    const stop = new AbortController(); setTimeout(() => stop.abort(), 1); log.push(await wait(1000, 0, { signal: stop.signal }).catch((e) => [e.name, e.code]));
    for await (const v of every(1, "tick")) { log.push(v); if (log.filter((x) => x === "tick").length === 2) break; }
    log.push(thrown(() => later(1)), typeof timers.promises.setTimeout);
    return log;`),
  c("a channel tells its subscribers", 'import dc from "node:diagnostics_channel";', `
    const log = [], channel = dc.channel("c"), hear = (message, name) => log.push(message, name);
    log.push(channel.hasSubscribers); dc.subscribe("c", hear); channel.publish(1); log.push(dc.hasSubscribers("c"), dc.channel("c") === channel, dc.unsubscribe("c", hear), dc.unsubscribe("c", hear)); channel.publish(2);
    return log;`),
];

test.skipIf(!hasNode).each(CASES.map(({ title, imports, body }) => [title, imports, body] as const))("%s", async (_title, imports, body) => {
  const [here, there] = await Promise.all([runNode(imports, PRELUDE + body), inNode(imports, PRELUDE + body)]);
  expect(here).toEqual(there);
});
