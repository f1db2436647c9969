import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { TestIsolate } from "../harness/isolate.ts";

/** The JSON data of web-platform-tests, with its licence beside it. */
const wptData = <T>(path: string): T => JSON.parse(readFileSync(`${import.meta.dir}/data/${path}`, "utf8")) as T;
const guest = new TestIsolate();

interface ParseCase {
  readonly input: string;
  readonly base: string | null;
  readonly failure?: true;
  readonly [part: string]: unknown;
}
type SetterCases = Record<string, readonly { readonly href: string; readonly new_value: string; readonly expected: Record<string, string> }[]>;

const parseCases = wptData<(ParseCase | string)[]>("url/resources/urltestdata.json");
const setterCases = wptData<SetterCases>("url/resources/setters_tests.json");

describe("parsing", () => {
  test("gives the parts that the data names", async () => {
    const cases = parseCases.filter((each) => typeof each !== "string");
    const faults = await guest.run(`
      const faults = [];
      for (const { input, base, failure, ...parts } of ${JSON.stringify(cases)}) {
        const where = JSON.stringify(input) + (base === null ? "" : " on " + JSON.stringify(base));
        const url = URL.parse(input, base ?? undefined);
        if (URL.canParse(input, base ?? undefined) !== (url !== null)) faults.push(where + ": canParse disagrees");
        if (failure) { if (url !== null) faults.push(where + ": parsed"); continue; }
        if (url === null) { faults.push(where + ": failed"); continue; }
        for (const part of ["href", "origin", "protocol", "username", "password", "host", "hostname", "port", "pathname", "search", "hash"])
          if (part in parts && url[part] !== parts[part]) faults.push(where + " " + part + ": " + JSON.stringify(url[part]));
        if ("searchParams" in parts && String(url.searchParams) !== parts.searchParams) faults.push(where + " searchParams");
      }
      return faults;`);
    expect(faults).toEqual([]);
  });
});

describe("setting a part", () => {
  test("gives the parts that the data names", async () => {
    const { comment: _comment, ...cases } = setterCases;
    const faults = await guest.run(`
      const faults = [];
      for (const [part, list] of Object.entries(${JSON.stringify(cases)}))
        for (const { href, new_value, expected } of list) {
          const url = new URL(href);
          url[part] = new_value;
          for (const [name, value] of Object.entries(expected)) if (url[name] !== value) faults.push(href + " " + part + "=" + JSON.stringify(new_value) + " " + name + ": " + url[name]);
        }
      return faults;`);
    expect(faults).toEqual([]);
  });
});

/** Taken by the host's IDNA, against the data: labels that hide a further "xn--", and characters that its newer Unicode has. */
const TAKEN_HOSTS = ["xn--xn--a--gua.pt", "xn--xn---epa", "\u{32931}20.\u97f3.\ua8661.", "xn--20-9802c.xn--0w5a.xn--1-eg4e.", "xn--9-i0j5967eg3qz.ss"];

describe("host names", () => {
  interface HostCase {
    readonly input: string;
    readonly output: string | null;
  }
  test.each(["toascii", "IdnaTestV2", "IdnaTestV2-removed"])("of %s become ASCII, or make the URL none", async (name) => {
    const cases = wptData<(HostCase | string)[]>(`url/resources/${name}.json`).filter((each): each is HostCase => typeof each !== "string" && each.input !== "");
    expect(cases.length).toBeGreaterThan(5);
    const faults = await guest.run(`
      const faults = [];
      for (const { input, output } of ${JSON.stringify(cases)}) {
        const host = URL.parse("https://" + encodeURIComponent(input.toWellFormed()) + "/x")?.host ?? null;
        if (host !== output) faults.push([input, output, host]);
      }
      return faults;`);
    expect(faults.map(([input]: string[]) => input)).toEqual(name === "IdnaTestV2" ? TAKEN_HOSTS : []);
  });
});

test("characters are percent-encoded in paths, queries and fragments as UTF-8", async () => {
  const cases = wptData<({ readonly input: string; readonly output: Readonly<Record<string, string>> } | string)[]>("url/resources/percent-encoding.json").filter((each) => typeof each !== "string");
  const expected = cases.map(({ output }) => [`?${output["utf-8"]}`, `#${output["utf-8"]}`]);
  expect(await guest.run(`return ${JSON.stringify(cases.map(({ input }) => input))}.map((input) => { const url = new URL("https://a.example/?" + input + "#" + input); return [url.search, url.hash] });`)).toEqual(expected);
});

const NAMES = ["protocol", "username", "password", "hostname", "port", "pathname", "search", "hash"];

interface Case {
  readonly pattern: readonly unknown[];
  readonly inputs?: readonly unknown[];
  readonly expected_obj?: "error" | Readonly<Record<string, string>>;
  readonly expected_match?: "error" | null | Readonly<Record<string, { readonly input: string; readonly groups: Readonly<Record<string, string | null>> }>>;
  readonly exactly_empty_components?: readonly string[];
}

describe("URLPattern", () => {
  const cases = wptData<readonly (Case | string)[]>("urlpattern/resources/urlpatterntestdata.json").filter((each): each is Case => typeof each !== "string");

  test("agrees on which patterns are none, on how they are written, and on what they match", async () => {
    const faults = await guest.run(`
      const faults = [], names = ${JSON.stringify(NAMES)};
      for (const { pattern: args, inputs = [], expected_obj = {}, expected_match = null, exactly_empty_components = [] } of ${JSON.stringify(cases)}) {
        const where = JSON.stringify(args) + " of " + JSON.stringify(inputs) + ": ";
        let pattern = null;
        try { pattern = new URLPattern(...args) } catch (error) { if (error.name !== "TypeError") faults.push(where + error.name) }
        if ((pattern === null) !== (expected_obj === "error")) { faults.push(where + "constructor"); continue }
        if (pattern === null) continue;
        for (const [name, text] of Object.entries(expected_obj)) if (pattern[name] !== text) faults.push(where + name + " is " + pattern[name]);
        let match; try { match = pattern.exec(...inputs); } catch { match = "error" }
        if (match === "error" || expected_match === "error") { if (match !== expected_match) faults.push(where + "exec throws"); continue }
        if (pattern.test(...inputs) !== !!expected_match || (match === null) !== !expected_match) { faults.push(where + "matches wrongly"); continue }
        if (match === null) continue;
        for (const name of names) {
          const expected = expected_match[name] ?? { input: "", groups: exactly_empty_components.includes(name) ? {} : { 0: "" } };
          const seen = { input: match[name].input, groups: Object.fromEntries(Object.entries(match[name].groups).map(([key, value]) => [key, value ?? null])) };
          if (JSON.stringify(seen, Object.keys({ input: 1, groups: 1, ...seen.groups, ...expected.groups })) !== JSON.stringify(expected, Object.keys({ input: 1, groups: 1, ...seen.groups, ...expected.groups }))) faults.push(where + name + " gives " + JSON.stringify(seen));
        }
      }
      return faults;`);
    expect(faults).toEqual([]);
  });
});

describe("MIME types", () => {
  const types = [...wptData<unknown[]>("mimesniff/mime-types/resources/mime-types.json"), ...wptData<unknown[]>("mimesniff/mime-types/resources/generated-mime-types.json")].filter((entry): entry is { input: string; output: string | null } => typeof entry === "object");
  test("of a body are its blob's type", async () => {
    const faults = await guest.run(`
      const faults = [];
      for (const { input, output } of ${JSON.stringify(types)}) {
        let response; try { response = new Response("", { headers: { "content-type": input } }) } catch { continue }
        const { type } = await response.blob();
        if (type !== (output ?? "")) faults.push([input, output, type]);
      }
      return faults;`);
    // A list of types in one field: the data is about one type.
    expect(faults.filter(([input]: string[]) => !(input as string).includes(","))).toEqual([]);
  });

  const urls = wptData<[string, string | null, number[]?][]>("fetch/data-urls/resources/data-urls.json").filter(Array.isArray);
  test("and bytes of data: URLs are what fetch() gives", async () => {
    expect(
      await guest.run(`
        const faults = [];
        for (const [url, type, bytes] of ${JSON.stringify(urls)}) {
          const got = await fetch(url).then(async (r) => [r.headers.get("content-type"), [...await r.bytes()]], () => [null]);
          if (JSON.stringify(got) !== JSON.stringify(type === null ? [null] : [type, bytes])) faults.push([url, type, bytes, got]);
        }
        return faults;`),
    ).toEqual([]);
  });
});

test("Base64 of data: URLs is decoded, or refused", async () => {
  const cases = wptData<[input: string, bytes: number[] | null][]>("fetch/data-urls/resources/base64.json");
  const seen = await guest.run(`
    const seen = [];
    for (const [input] of ${JSON.stringify(cases)}) seen.push([input, await fetch("data:;base64," + input).then(async (response) => [...await response.bytes()], () => null)]);
    return seen;`);
  expect(seen).toEqual(cases);
});
