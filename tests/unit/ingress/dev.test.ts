/** What `nano dev` tells of failures, to whom, and which pages get its script. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { DevFront } from "../../../src/ingress/dev/dev-front.ts";
import { errorPage } from "../../../src/ingress/dev/error-page.ts";
import type { FailureDetail } from "../../../src/apps/dispatch.ts";
import { failureOf, frameRows } from "../../../src/ingress/dev/failure.ts";
import { emphasizedFrame, emphasizedProblems, emphasizedStack, failureText, PLAIN } from "../../../src/ingress/dev/failure-text.ts";
import { scriptElement } from "../../../src/ingress/dev/html-tail.ts";
import { Bench, reply, source } from "./fixture.ts";

const request = { requestId: "id-1", app: "shop", method: "GET", url: "http://shop.localhost:3000/cart", headers: [["accept", "text/html"], ["cookie", "session=1"], ["x-api-key", "k"]] } as const;
const detail: FailureDetail = { name: "TypeError", message: "no", stack: "TypeError: no\n    at URL (nano:internal)\n    at f (src/a.ts:3:5)\n    at lib (node_modules/lib/index.js:1:1)", frame: "  2 | before\n> 3 |   no();\n    |   ^\n  4 |", place: "src/a.ts:3:5" };
const get = (headers: Record<string, string> = {}, init: RequestInit = {}) => new Request("http://app.test/x", { ...init, headers: { host: "app.test", ...headers } });
const page = (of: FailureDetail, code: Parameters<typeof failureOf>[0] = "app_exception") => errorPage(failureOf(code, request, of), { nonce: "n", live: null });

describe("a failure", () => {
  test("is what was thrown, with the frames told apart by whose code they are", () => {
    const failure = failureOf("app_exception", request, detail);
    expect([failure.title, failure.message, failure.status]).toEqual(["TypeError", "no", 500]);
    expect(failure.stack).toEqual([{ text: "at URL (nano:internal)", of: "own" }, { text: "at f (src/a.ts:3:5)", of: "app" }, { text: "at lib (node_modules/lib/index.js:1:1)", of: "package" }]);
    expect(failure.places).toEqual([{ place: "src/a.ts:3:5", message: "", frame: detail.frame, hint: "" }]);
  });

  test("names the limit that ended it, how much was used, and up to where it can be raised", () => {
    const text = failureText(failureOf("cpu_limit", request, { ...detail, name: "", message: "", limit: { key: "cpu_ms", used: 5_008.4, allowed: 5_000, unit: "ms" } }));
    expect(text).toStartWith("cpu_limit (request id-1)\n\nCPU limit exceeded: ");
    expect(text).toContain("limits.cpu_ms: 5,008 ms of 5,000 ms");
    expect(text).toContain("can be up to 300,000 ms");
  });

  test("of a load shows every problem with its place and the way out", () => {
    const problems = [
      { file: "a.ts", line: 1, column: 2, message: "first", frame: "> 1 | x\n    |  ^", hint: "did you mean b?" },
      { file: "c.ts", line: 0, column: 0, message: "second", frame: "", hint: "" },
    ];
    const failure = failureOf("app_failed", request, { name: "LoadError", message: "all of it", stack: "", frame: "", problems });
    expect(failureText(failure)).toContain("a.ts:1:2: first\n> 1 | x\n    |  ^\n  hint: did you mean b?\n\nc.ts: second\n");
    expect(failure.message).toBe("");
  });

  test("hints at what the app took for granted", () => {
    for (const [message, hint] of [["'require' is not defined", "use import"], ["'document' is not defined", "of browsers"], ["'Deno' is not defined", "another runtime"], ["stack overflow", "without end"]] as const)
      expect(failureOf("app_exception", request, { ...detail, message }).hint).toContain(hint);
    expect(failureOf("app_exception", request, detail).hint).toBe("");
  });

  test("repeats no frame of a recursion", () => {
    expect(failureOf("app_exception", request, { ...detail, stack: "    at f (a.js:1:1)\n".repeat(40) }).stack).toEqual([{ text: "at f (a.js:1:1) ×40", of: "app" }]);
  });
});

describe("the page", () => {
  test("shows message, code with its mark, dim frames, request and a text to copy", () => {
    const text = page(detail);
    for (const part of ["<h1>TypeError</h1>", '<p class="message">no</p>', "<figcaption>src/a.ts:3:5</figcaption>", '<tr class="marked"><th>3</th><td>  <mark>n</mark>o();</td></tr>', '<li class="own">at URL (nano:internal)</li>', '<li class="package">', "<strong>GET</strong> http://shop.localhost:3000/cart"]) expect(text).toContain(part);
  });

  test("keeps cookies, keys and tokens to itself", () => {
    const text = page(detail);
    expect(text).not.toContain("session=1");
    expect(text).toContain("<dt>x-api-key</dt><dd>•••</dd>");
  });

  test("holds nothing but its own elements, whatever an error says in whatever part of it", () => {
    const own = tagsOf(page(detail));
    const hostile = fc.oneof(fc.string({ unit: "binary", maxLength: 60 }), fc.constantFrom("</textarea><script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</style><b>", "<!--", "]]>", "&lt;", "${1}", "' onmouseover='x", "\u2028</script>"));
    fc.assert(
      fc.property(hostile, hostile, hostile, (a, b, c) => {
        const one = (text: string) => text.replaceAll("\n", " ");
        const text = page({ name: a, message: b, stack: `    at ${one(c)} (nano:internal)\n    at ${one(a)}.x (src/a.ts:3:5)\n    at lib (node_modules/lib/index.js:1:1)`, frame: `  2 | ${one(b)}\n> 3 | ${one(c)}x\n    | ^\n  4 |`, place: one(a) || "x" });
        // Empty parts have no element.
        expect(tagsOf(text).filter((tag) => !own.includes(tag))).toEqual([]);
        expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
      }),
      { numRuns: 300 },
    );
  });

  test("marks the character, also one of two units, and a place behind the end of the line", () => {
    expect(frameRows("> 1 | a😀b\n    |  ^")).toEqual([{ number: "1", text: "a😀b", isMarked: true, caret: 1 }]);
    expect(page({ ...detail, frame: "> 1 | a😀b\n    |  ^" })).toContain("<td>a<mark>😀</mark>b</td>");
    expect(page({ ...detail, frame: "> 1 | ab\n    |   ^" })).toContain("<td>ab<mark> </mark></td>");
  });
});

/** Start and end tags and comments, with their attributes' names. */
function tagsOf(text: string): string[] {
  const body = text.replace(/<style[^]*?<\/style>|<script[^>]*>[^]*?<\/script>/g, "");
  return [...body.matchAll(/<(?:!--|[!/]?[a-z][^>]*)>?/gi)].map(([tag]) => tag.replace(/"[^"]*"/g, '""'));
}

describe("the terminal", () => {
  const marked = { red: (text: string) => `<r>${text}</r>`, yellow: (text: string) => `<y>${text}</y>`, dim: (text: string) => `<d>${text}</d>`, bold: (text: string) => `<b>${text}</b>` };

  test("sets off the line that counts and its mark, and is the plain frame without colours", () => {
    expect(emphasizedFrame(detail.frame, marked)).toBe("  <d>2 |</d> before\n<r>></r> <d>3 |</d> <b>  no();</b>\n  <d> |</d>   <r>^</r>\n  <d>4 |</d>".replace("  <d> |</d>", "    <d>|</d>"));
    expect(emphasizedFrame(detail.frame, PLAIN)).toBe(detail.frame);
  });

  test("dims frames that are not the app's own", () => {
    expect(emphasizedStack("    at URL (nano:internal)\n    at f (src/a.ts:3:5)\n    at lib (node_modules/lib/index.js:1:1)", marked)).toBe("<d>    at URL (nano:internal)</d>\n    at f (src/a.ts:3:5)\n<d>    at lib (node_modules/lib/index.js:1:1)</d>");
  });

  test("shows the problems of a load line by line, and none of their control characters", () => {
    const text = "a.ts:1:2: Expected \u001b[2J\n> 1 | a b\n    |   ^\n  2 | c\n  hint: write it";
    expect(emphasizedProblems(text, marked)).toBe("<b>a.ts:1:2</b>: <r>Expected \\u001b[2J</r>\n<r>></r><d> 1 |</d><b> a b</b>\n<d>    |</d><r>   ^</r>\n<d>  2 |</d> c\n<y>  hint: write it</y>");
    expect(emphasizedProblems(text.replace("\u001b[2J", ""), PLAIN)).toBe(text.replace("\u001b[2J", ""));
  });
});

describe("who asks", () => {
  const bench = () => new Bench(() => ({ outcome: "exception", code: "app_exception", detail }), { front: new DevFront(true) });

  test("decides what an error looks like: a page for browsers, JSON for fetch(), text for the rest", async () => {
    const typeFor = async (headers: Record<string, string>) => (await bench().fetch(get(headers))).headers.get("content-type");
    expect(await typeFor({ accept: "text/html,application/xhtml+xml", "sec-fetch-dest": "document" })).toBe("text/html; charset=utf-8");
    expect(await typeFor({ accept: "application/json" })).toBe("application/json");
    expect(await typeFor({ accept: "*/*", "sec-fetch-dest": "empty" })).toBe("application/json");
    expect(await typeFor({ accept: "*/*" })).toBe("text/plain; charset=utf-8");
  });

  test("is told by JSON what happened, the limit and what to do", async () => {
    const limited = new Bench(() => ({ outcome: "exceededMemory", code: "memory_limit", detail: { ...detail, limit: { key: "memory_mb", used: 1 << 24, allowed: 1 << 24, unit: "bytes" } } }), { front: new DevFront(false) });
    expect(await (await limited.fetch(get({ accept: "application/json" }))).json()).toMatchObject({ error: "memory_limit", detail: { name: "Memory limit exceeded", limit: { key: "limits.memory_mb", allowed: 1 << 24 }, hint: expect.stringContaining("streamed") } });
  });

  test.each(["evil.example", "evil.example:3000", "localhost.evil.example", "127.0.0.1.evil.example", "other.test"])("by a name that is not ours (%s) reads nothing of the app's: a website can have its own name lead here", async (host) => {
    const routes = [{ app: { name: "app", maxBodyBytes: 100 }, hosts: ["app.test", "*.shop.test"], isDefault: true }];
    const alone = new Bench(() => ({ outcome: "exception", code: "app_exception", detail }), { front: new DevFront(true), routes });
    for (const accept of ["text/html", "application/json", "*/*"]) {
      const response = await alone.fetch(new Request(`http://${host}/x`, { headers: { host, accept } }));
      expect(response.headers.get("content-type")).toBe("application/json");
      expect(Object.keys((await response.json()) as object)).toEqual(["error", "request_id"]);
    }
  });

  test.each(["localhost:3000", "shop.localhost", "127.0.0.1:3000", "192.168.0.7", "[::1]:3000", "app.test", "a.b.shop.test"])("by a name of the config's, or one that never leaves this machine, or an address (%s) is told", async (host) => {
    const routes = [{ app: { name: "app", maxBodyBytes: 100 }, hosts: ["app.test", "*.shop.test"], isDefault: true }];
    const alone = new Bench(() => ({ outcome: "exception", code: "app_exception", detail }), { front: new DevFront(true), routes });
    expect(await (await alone.fetch(new Request(`http://${host}/x`, { headers: { host, accept: "application/json" } }))).json()).toMatchObject({ detail: { frame: detail.frame } });
  });

  test("gets a page that runs no script but its own", async () => {
    const response = await bench().fetch(get({ accept: "text/html" }));
    const policy = response.headers.get("content-security-policy") ?? "";
    const nonce = /script-src 'nonce-([\w-]+)'/.exec(policy)?.[1] ?? "";
    expect(policy).toContain("default-src 'none'");
    const text = await response.text();
    expect(text.match(/<(?:script|style)\b/g)?.length).toBe(text.match(new RegExp(`<(?:script|style) nonce="${nonce}"`, "g"))?.length);
    expect(text).toMatch(/src="http:\/\/app\.test\/_nano\/live-reload\.js" data-version="\w+\.0"/);
  });
});

describe("live reload", () => {
  const HTML = { accept: "text/html" };
  const ELEMENT = '<script src="http://app.test/_nano/live-reload.js" async></script>';
  const answering = (body: Parameters<typeof reply>[0], headers: string) => new Bench(() => reply(body, headers), { front: new DevFront(true) });

  test("adds its script behind pages, whole or streamed, and leaves their text alone", async () => {
    for (const body of ["<p>hi", new TextEncoder().encode("<p>hi"), source(["<p>", "hi"])]) {
      const response = await answering(body, "content-type\ntext/html; charset=utf-8\ncontent-length\n5\n").fetch(get(HTML));
      expect(await response.text()).toBe(`<p>hi\n${ELEMENT}\n`);
    }
  });

  test("leaves everything else as it is: other types, fetch(), HEAD, POST, empty and encoded bodies, downloads", async () => {
    const text = async (headers: string, request: Request, body = "<p>hi") => (await answering(body, headers).fetch(request)).text();
    expect(await text("content-type\ntext/plain\n", get(HTML))).toBe("<p>hi");
    expect(await text("content-type\ntext/html\n", get({ accept: "*/*" }))).toBe("<p>hi");
    expect(await text("content-type\ntext/html\n", get({ ...HTML, "sec-fetch-dest": "empty" }))).toBe("<p>hi");
    expect(await text("content-type\ntext/html\n", get(HTML, { method: "POST" }))).toBe("<p>hi");
    expect(await text("content-type\ntext/html\n", get(HTML), "")).toBe("");
    for (const field of ["content-encoding\ngzip\n", "content-disposition\nattachment; filename=a.html\n", "repr-digest\nsha-256=:x:\n"]) expect(await text(`content-type\ntext/html\n${field}`, get(HTML))).toBe("<p>hi");
    const head = await answering("<p>hi", "content-type\ntext/html\n").fetch(get(HTML, { method: "HEAD" }));
    expect([head.headers.get("content-length"), await head.text()]).toEqual(["5", ""]);
    expect(await (await new Bench(() => reply("<p>hi", "content-type\ntext/html\n"), { front: new DevFront(false) }).fetch(get(HTML))).text()).toBe("<p>hi");
    expect(await (await new Bench(() => reply("<p>hi", "content-type\ntext/html\n")).fetch(get(HTML))).text()).toBe("<p>hi");
  });

  test.each([
    ["none", "", '<script src="/s" async></script>'],
    ["own scripts", "default-src 'self'", '<script src="/s" async></script>'],
    ["a nonce", "script-src 'nonce-abc' 'strict-dynamic'; connect-src 'self'", '<script src="/s" nonce="abc" async></script>'],
    ["one nonce in two policies", "script-src 'nonce-abc', script-src 'self' 'nonce-abc'", '<script src="/s" nonce="abc" async></script>'],
    ["two nonces", "script-src 'nonce-abc', script-src 'nonce-def'", null],
    ["no scripts", "script-src 'none'", null],
    ["scripts of elsewhere", "script-src https://cdn.example", null],
    ["no connections", "script-src 'self'; connect-src 'none'", null],
    ["only what scripts bring", "script-src 'self' 'strict-dynamic'", null],
    ["a sandbox", "sandbox allow-forms", null],
    ["a nonce that is none", "script-src 'nonce-\"><b>'", null],
  ])("keeps to a page's policy: %s", (_name, policy, expected) => {
    const fields: [string, string][] = [["content-type", "text/html"], ["content-security-policy", policy]];
    expect(scriptElement({ request: new Headers(HTML), fields }, "/s")).toBe(expected);
  });

  test("tells whoever follows an app when that app is replaced, on a path that no app sees", async () => {
    const front = new DevFront(true);
    const bench = new Bench(() => reply("app"), { front });
    const response = await bench.fetch(new Request("http://app.test/_nano/live-reload", { headers: { host: "app.test" } }));
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    const next = async () => new TextDecoder().decode((await reader.read()).value);
    const [, first] = /^retry: \d+\ndata: (\w+)\.0\n\n$/.exec(await next()) ?? [];
    front.replaced("other");
    front.replaced("app");
    expect(await next()).toBe(`data: ${first}.1\n\n`);
    front.close();
    expect((await reader.read()).done).toBe(true);
    expect([bench.requests.length, bench.pipeline.inFlight]).toEqual([0, 0]);
  });
});
