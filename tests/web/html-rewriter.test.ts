import { describe, expect, test } from "bun:test";
import { sourceOf, TestIsolate } from "../harness/isolate.ts";
import { POISON } from "./support/poison.ts";

const guest = new TestIsolate();
const HTML = `const rewrite = (html, ...ons) => { const r = new HTMLRewriter(); for (const [selector, handlers] of ons) selector === null ? r.onDocument(handlers) : r.on(selector, handlers); return r.transform(new Response(html)).text(); };`;
const run = (body: string) => guest.run(HTML + body);

/** Documents in which everything stands that a tokenizer can get wrong. */
const DOCUMENTS = [
  `<!doctype html><p a=1 B='x&amp;y' c>hi &lt; <b class="x y">x</b><!-- c --><br/><svg><a/></svg>`,
  `<DIV ID=one><p>1<p class="x">2</div><p>3</p><ul><li>a<li>b</ul></nothing>`,
  `a < b <3 <1> </> </ x> <?php x ?> <!x> <!--> <!---> <!-- a --!> <!-- b -- > c -->`,
  `<script>if (a < b) "</p>" <!-- <script> </script> <p> --> </script><p>after</p>`,
  `<style>p > b { } </stylex></style><textarea><p></textarea><title><p></title><p a="<p>" b='>' c=">d/>e</p>`,
  `<svg><title><p>in</p></title><style><a></a></style><![CDATA[<p>]]><foreignObject><p>x</p></foreignObject></svg><math><mi><p>y</p></mi></math><![CDATA[z>`,
  `<p =a =b= c = d e="1"f='2'/g><img src=a/b/><p\n\tx\n=\n"y"\n>`,
  `<svg><p>out</p></svg><div><span>1</span><span>2</span><span>3</span><b>4</b><span>5</span></div>`,
  `<p>cut <b`,
  `<p>cut <!-- `,
  `<p>cut <!x`,
];
const SELECTORS = ["*", "p", ".x", "#one", "[a]", "[a='1']", "[class~=y]", "[b^=x]", "[b$=y]", "[b*=amp]", "div p", "div > p", "ul > li", "span:nth-child(2n+1)", "span:nth-of-type(even)", "b:first-of-type", "p:first-child", ":not(p)", "p:not(.x):not([a])", "p, b, li", "svg a", "div div p", "li:nth-child(-n+1)", "[class='X y' i]"];

describe("HTMLRewriter", () => {
  test.each(DOCUMENTS)("finds in %s what the rewriter of Workers finds, and changes nothing by looking", async (html) => {
    const script = `
      const log = [];
      const chain = new HTMLRewriter().onDocument({
        doctype(d) { log.push(["doctype", d.name, d.publicId, d.systemId]) }, comments(c) { log.push(["comment", c.text]) },
        text(t) { const last = log.at(-1); if (t.text !== "") { if (last[0] === "text" && !last[2]) last[1] += t.text; else log.push(["text", t.text, false]) } if (t.lastInTextNode && log.at(-1)?.[0] === "text") log.at(-1)[2] = true },
        end() { log.push(["end"]) } });
      log.push(["begin"]);
      ${JSON.stringify(SELECTORS)}.forEach((selector, i) => chain.on(selector, { element(e) { log.push([selector, e.tagName, [...e.attributes], ["title", "foreignobject", "mi"].includes(e.tagName) ? "" : e.namespaceURI]); if (selector === "*") { try { e.onEndTag((t) => { log.push(["/", t.name]) }) } catch { log.push(["void"]) } } } }));
      const out = await chain.transform(new Response(${JSON.stringify(html)})).text();
      return [out, log];`;
    const ours = await guest.run(script);
    // The one of the runtime of these tests is that of Workers. It says HTML of an element of SVG in which HTML begins; browsers do not.
    const theirs = await new Function(`return (async () => {${script}})()`)();
    expect(ours[0]).toBe(html);
    expect(ours).toEqual(JSON.parse(JSON.stringify(theirs)));
  });

  test.each([
    `e.before("<1>"); e.before("2", { html: true }); e.after("3"); e.after("<i>4</i>", { html: true })`,
    `e.prepend("1"); e.prepend("2"); e.append("3"); e.append("<b>", { html: true })`,
    `e.replace("<new>"); e.before("b"); e.after("a")`,
    `e.remove(); e.after("a")`,
    `e.removeAndKeepContent(); e.append("z"); e.prepend("y")`,
    `e.setInnerContent("<x>"); e.append("end"); e.prepend("start")`,
    `e.append("lost"); e.setInnerContent("<b>x</b>", { html: true })`,
    `e.setAttribute("A", 'q"&<'); e.setAttribute("new", ""); e.removeAttribute("B"); e.tagName = "section"`,
    `e.onEndTag((t) => { t.before("1"); t.before("2"); t.after("3"); t.after("4") })`,
    `e.onEndTag((t) => { t.remove() })`,
    `e.onEndTag((t) => { t.name = "other" }); e.after("!")`,
  ])("writes what the rewriter of Workers writes for %s", async (edit) => {
    const script = `return new HTMLRewriter().on("p", { element(e) { ${edit} } }).transform(new Response("<div>a<p a=1 b='2' c>in <b>bold</b> text</p>z</div>")).text()`;
    const ours = await guest.run(script);
    const theirs = await new Function(`return (async () => {${script}})()`)();
    expect(ours).toBe(theirs);
  });

  test("hands over elements whose handlers are async in their order, and calls handlers on their own object", async () => {
    expect(
      await run(`const seen = [];
        class Handlers { count = 0; async element(e) { await new Promise((r) => setTimeout(r, 3 - ++this.count)); seen.push(this.count); e.setInnerContent(String(this.count)); e.onEndTag(async (t) => { await null; t.after("|") }) } }
        return [await rewrite("<p>a</p><p>b</p><p>c</p>", ["p", new Handlers()]), seen]`),
    ).toEqual(["<p>1</p>|<p>2</p>|<p>3</p>|", [1, 2, 3]]);
  });

  test("matches attributes by language prefix, by names in capitals and without regard to case, and names with escapes", async () => {
    expect(
      await run(`const seen = [], ons = ["[lang|=en]", "[ID=one]", "[title='A b' i]", "#\\\\31 2", ".a\\\\:b", "input[type=text]"].map((selector) => [selector, { element(e) { seen.push([selector, e.getAttribute("n")]) } }]);
        await rewrite("<p n=1 lang=en><p n=2 lang=en-gb><p n=3 lang=eng><p n=4 id=one><p n=5 title='a B'><p n=6 id=12><p n=7 class='x a:b'><input n=8 type=TEXT>", ...ons); return seen`),
    ).toEqual([["[lang|=en]", "1"], ["[lang|=en]", "2"], ["[ID=one]", "4"], ["[title='A b' i]", "5"], ["#\\31 2", "6"], [".a\\:b", "7"], ["input[type=text]", "8"]]);
  });

  test("ends an element without an end tag where its parent ends, or the document", async () => {
    const edit = `["p", { element(e) { e.append("+"); e.after("|"); e.onEndTag((t) => { names.push(t.name) }) } }], ["i", { element(e) { e.remove() } }]`;
    expect(await run(`const names = []; return [await rewrite("<div><p>1<p>2</div><p>3<i>4</p>5", ${edit}), await rewrite("<p>1<i>2", ${edit}), names]`)).toEqual([
      "<div><p>1<p>2+|+|</div><p>3+</p>|5",
      "<p>1+|",
      ["div", "div", "p"],
    ]);
  });

  test("changes text, comments and the end of the document", async () => {
    expect(
      await run(`return rewrite("<p>one<!--two--></p><!--three-->four", ["p", { text(t) { if (t.text) { t.before("["); t.replace(t.text.toUpperCase()); t.after("]") } }, comments(c) { c.text = " 2 "; c.after("<") } }],
        [null, { comments(c) { if (c.text === "three") c.remove() }, end(e) { e.append("<hr>", { html: true }); e.append("<") } }])`),
    ).toBe("<p>[ONE]<!-- 2 -->&lt;</p>four<hr>&lt;");
  });

  test("gives the same for a document that comes in bytes as for one that comes whole", async () => {
    using app = await TestIsolate.load(`export default { fetch(request) {
      return new HTMLRewriter().on("p, b", { element(e) { e.setAttribute("seen", e.tagName) } }).on("b", { text(t) { if (t.text) t.replace(t.text) } }).onDocument({ comments(c) { c.text = c.text + "!" } }).transform(new Response(request.body, { headers: { "content-length": "7", "x-kept": "1" } })) } }`);
    for (const html of DOCUMENTS) {
      const bytes = new TextEncoder().encode(`${html}<b>größer 😀</b>`);
      const whole = await app.request({ method: "POST", body: bytes });
      const pieces = await app.request({ method: "POST", body: sourceOf(...Array.from(bytes, (byte) => new Uint8Array([byte]))) });
      expect(pieces.text).toBe(whole.text);
      expect(whole.answer.headers).toEqual([["x-kept", "1"]]);
    }
  });

  test("reads other encodings as their content type says, and answers in UTF-8", async () => {
    expect(
      await guest.run(`const response = new HTMLRewriter().on("p", { element(e) { e.append("é") } }).transform(new Response(new Uint8Array([60, 112, 62, 0xe4, 60, 47, 112, 62]), { headers: { "content-type": "text/html; charset=iso-8859-1" } }));
        return [response.headers.get("content-type"), await response.text()]`),
    ).toEqual(["text/html;charset=utf-8", "<p>äé</p>"]);
  });

  test("fails the body with what a handler throws, and cancels the document", async () => {
    expect(
      await guest.run(`let canceled = null;
        const body = new ReadableStream({ pull(c) { c.enqueue(new TextEncoder().encode("<p>")) }, cancel(reason) { canceled = reason.message } }, { highWaterMark: 0 });
        const outcome = await new HTMLRewriter().on("p", { async element() { throw new RangeError("mine") } }).transform(new Response(body)).text().catch((e) => e.name + " " + e.message);
        return [outcome, canceled]`),
    ).toEqual(["RangeError mine", "mine"]);
  });

  test("refuses selectors, contents and uses that make no sense", async () => {
    expect(
      await run(`const name = async (f) => { try { await f(); return "fine" } catch (e) { return e.name } };
        const bad = ["", "p +b", "p ~ b", "p::before", ":has(b)", "p >", "> p", "p,", "[a", "[a=]", "1", "**", ":nth-child(x)", ":not()", ":not(".repeat(5000) + "p" + ")".repeat(5000)];
        const selectors = []; for (const selector of bad) selectors.push(await name(() => new HTMLRewriter().on(selector, {})));
        let kept; await rewrite("<p>", ["p", { element(e) { kept = e } }]);
        const inElement = (f) => name(() => rewrite("<p a>", ["p", { element: f }]));
        return [selectors.every((s) => s === "TypeError"), await name(() => kept.tagName), await inElement((e) => e.setAttribute("a b", "")), await inElement((e) => { e.tagName = "a>" }), await inElement((e) => e.before()),
          await name(() => rewrite("<!---->", [null, { comments(c) { c.text = "-->" } }])), await name(() => rewrite("<br>", ["br", { element(e) { e.onEndTag(() => {}) } }])), await name(() => new HTMLRewriter().transform("<p>")),
          await name(() => new HTMLRewriter().on("p", 1)), await name(() => new HTMLRewriter().on("p", { element: 1 })), typeof Element]`),
    ).toEqual([true, "TypeError", "TypeError", "TypeError", "TypeError", "TypeError", "TypeError", "TypeError", "TypeError", "TypeError", "undefined"]);
  });

  test("refuses what browsers may read otherwise than it does, rather than to hide markup from a handler that cleans it", async () => {
    expect(
      await run(`const outcome = (html) => rewrite(html, ["img", { element(e) { e.remove() } }]).catch((e) => e.name);
        return [await outcome("<select><style></select><img>"), await outcome("<frameset><style><img>"), await outcome("<style><img></style><img>"), await outcome("<svg><style><img></style></svg>")]`),
    ).toEqual(["TypeError", "TypeError", "<style><img></style>", "<svg><style></style></svg>"]);
  });

  test("costs time in proportion to the document for selectors that take others exponential time, and is ended as all code is", async () => {
    expect(await run(`let n = 0; await rewrite("<div>".repeat(2000) + "<p>", ["div ".repeat(30) + "p", { element() { n++ } }]); return n`)).toBe(1);
    using app = await TestIsolate.load(`export default { fetch() { const r = new HTMLRewriter(); for (let i = 0; i < 300; i++) r.on("div ".repeat(50) + "p", {}); return r.transform(new Response("<div>".repeat(200000))) } }`, { limits: { cpuMs: 200 } });
    const exchange = app.send();
    await exchange.answer.then((answer) => answer.text()).catch(() => {});
    await exchange.over;
    expect(app.kill?.outcome).toBe("exceededCpu");
  });

  test("finds all that it needs in the snapshot of an app that names it", async () => {
    using app = await TestIsolate.load(`export default { fetch() { return new HTMLRewriter().on("p", {}).transform(new Response("<p>")) } }`);
    const first = await app.request();
    expect(first.fuel).toBeLessThan((await app.request()).fuel * 2);
  });

  test("refuses a tag without end", async () => {
    expect(await run(`return rewrite("<p a='" + "x".repeat(3 << 20), ["p", {}]).catch((e) => e.name)`)).toBe("RangeError");
  });

  test("works in an app that has replaced every built-in", async () => {
    // Not the getters of buffers, for which the library of the streams asks.
    using app = await TestIsolate.load(`${POISON}
      const kinds = [Object.getPrototypeOf(Uint8Array.prototype), ArrayBuffer.prototype].map((owner) => [owner, ["byteLength", "byteOffset", "buffer"].map((key) => [key, Object.getOwnPropertyDescriptor(owner, key)])]);
      const spare = () => { for (let i = 0; i < 2; i++) for (let j = 0; j < 3; j++) if (kinds[i][1][j][1]) kept.define(kinds[i][0], kinds[i][1][j][0], kinds[i][1][j][1]) };
      export default { fetch() { poison(); spare(); return new HTMLRewriter().on("div > p.x:not([b='2' i]):nth-child(odd)", { element(e) { e.setAttribute("a", "1"); e.append("<"); e.onEndTag((t) => { t.after("!") }) }, text(t) { t.replace(t.text) } }).onDocument({ doctype() {}, comments(c) { c.text = "c" }, end(e) { e.append("end") } })
        .transform(new Response("<!doctype html><div><p class='x'>a</p></div><script>x</script><svg><p></svg><!-- -->")) } }`);
    expect((await app.request()).text).toBe(`<!doctype html><div><p class='x' a="1">a&lt;</p>!</div><script>x</script><svg><p></svg><!--c-->end`);
  });
});
