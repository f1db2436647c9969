import { expect, test } from "bun:test";
import { TestIsolate } from "../harness/isolate.ts";

const guest = new TestIsolate();

test("entries are kept in order, by name, as text or files", async () => {
  expect(
    await guest.run(`
      const form = new FormData();
      form.append("a", 1); form.append("b", new Blob(["x"]), "x.txt"); form.append("a", "2"); form.set("c", new Blob(["y"])); form.append("d", "d"); form.delete("d"); form.set("a", "3");
      return [[...form.keys()], form.getAll("a"), form.get("b").name, form.get("c").name, form.has("d"), form.get("none")];`),
  ).toEqual([["a", "b", "c"], ["3"], "x.txt", "blob", false, null]);
});

test("a file that is given another name keeps its time and type", async () => {
  expect(await guest.run(`const form = new FormData(); form.set("f", new File(["x"], "a", { lastModified: 123, type: "x/y" }), "b"); const { name, lastModified, type } = form.get("f"); return [name, lastModified, type]`)).toEqual(["b", 123, "x/y"]);
});

test("a form goes out and comes in as it was, bytes and strange names included", async () => {
  expect(
    await guest.run(`
      const form = new FormData(), bytes = new Uint8Array(256).map((_, i) => i);
      form.append('quote" and\\nbreak', "line\\nbreak"); form.append("ü", "grüße"); form.append("file", new File([bytes], 'na"me.bin', { type: "x/y" })); form.append("empty", "");
      const back = await new Response(form).formData(), file = back.get("file");
      return [[...back.keys()], back.get("ü"), back.get("empty"), back.get('quote" and\\r\\nbreak'), [file.name, file.type, file.size, (await file.bytes()).every((byte, i) => byte === i)]];`),
  ).toEqual([['quote" and\r\nbreak', "ü", "file", "empty"], "grüße", "", "line\r\nbreak", ['na"me.bin', "x/y", 256, true]]);
});

test("an upload of a browser is read", async () => {
  using app = await TestIsolate.load("export default { async fetch(request) { const form = await request.formData(); return Response.json([...form].map(([name, value]) => [name, typeof value === 'string' ? value : [value.name, value.type, value.size]])) } }");
  const body = ["--XX", 'Content-Disposition: form-data; name="title"', "", "grüße", "--XX", 'Content-Disposition: form-data; name="f"; filename="a.png"', "Content-Type: image/png", "", "PNG\r\n--X", "--XX--", ""].join("\r\n");
  expect(JSON.parse((await app.request({ method: "POST", body, headers: [["content-type", 'multipart/form-data; boundary="XX"']] })).text)).toEqual([["title", "grüße"], ["f", ["a.png", "image/png", 8]]]);
  expect(JSON.parse((await app.request({ method: "POST", body: "a=1&b=%C3%BC+x&a=2", headers: [["content-type", "application/x-www-form-urlencoded"]] })).text)).toEqual([["a", "1"], ["b", "ü x"], ["a", "2"]]);
});

test("removing thousands of equal names costs no more than adding them", async () => {
  using app = await TestIsolate.load(`
    export default { fetch(request) {
      const form = new FormData(), headers = new Headers();
      for (let i = 0; i < 5000; i++) { form.append("a", "b"); headers.append("a", "b") }
      form.append("last", "c"); headers.append("last", "c");
      if (request.method === "DELETE") { form.delete("a"); headers.delete("a") }
      return Response.json([form.has("last"), headers.has("last")]);
    } }`);
  const adding = await app.request();
  const removing = await app.request({ method: "DELETE" });
  expect([adding.text, removing.text]).toEqual(["[true,true]", "[true,true]"]);
  expect(removing.fuel).toBeLessThan(adding.fuel * 2);
});

test("what is no form is a TypeError", async () => {
  expect(
    await guest.run(`
      const outcome = (body, type) => new Response(body, { headers: { "content-type": type } }).formData().then(() => "read", (e) => e.name);
      const multipart = "multipart/form-data; boundary=XX";
      return [await outcome("a=b", "text/plain"), await outcome("", "multipart/form-data"), await outcome("nothing", multipart), await outcome("--XX\\r\\n\\r\\nx", multipart), await outcome("--XX\\r\\nContent-Disposition: form-data\\r\\n\\r\\nx\\r\\n--XX--", multipart), await outcome("--XX--", multipart)];`),
  ).toEqual(["TypeError", "TypeError", "TypeError", "TypeError", "TypeError", "read"]);
});

test("ten thousand parts are read, one more is refused", async () => {
  const count = `const of = (n) => new Response(('--X\\r\\nContent-Disposition: form-data; name="a"\\r\\n\\r\\n\\r\\n').repeat(n) + "--X--", { headers: { "content-type": "multipart/form-data; boundary=X" } }).formData();`;
  expect(await guest.run(`${count} return [(await of(10_000)).getAll("a").length, await of(10_001).catch((e) => e.name)]`)).toEqual([10_000, "TypeError"]);
});
