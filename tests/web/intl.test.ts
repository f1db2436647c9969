/** Intl in real isolates. Each case runs here and there: an isolate's Intl is the host's. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { TestIsolate } from "../harness/isolate.ts";

let isolate: TestIsolate;
beforeAll(() => {
  isolate = new TestIsolate({ limits: { cpuMs: 60_000 } });
});
afterAll(() => isolate[Symbol.dispose]());

const PRELUDE = "const thrown = (fn) => { try { fn(); return null; } catch (e) { return e.name; } }; const UTC = { timeZone: 'UTC' }, DAY = Date.UTC(2024, 1, 29, 13, 5, 9, 87), LOCALES = ['en-US', 'de', 'fr-CA', 'ja', 'ar-EG', 'th', 'hi', 'pl', 'he', 'pt-BR'];";
const CASES: Readonly<Record<string, string>> = {
  "numbers are formatted": `return LOCALES.map((l) => [new Intl.NumberFormat(l).format(-1234567.891), new Intl.NumberFormat(l, { style: "currency", currency: "EUR" }).format(1e6 / 7), new Intl.NumberFormat(l, { style: "percent", maximumFractionDigits: 1 }).format(0.1234),
    new Intl.NumberFormat(l, { notation: "compact", compactDisplay: "long" }).format(98765), new Intl.NumberFormat(l, { style: "unit", unit: "kilometer-per-hour", unitDisplay: "long" }).format(50), new Intl.NumberFormat(l).formatToParts(1234.5), new Intl.NumberFormat(l).formatRange(1, 2), new Intl.NumberFormat(l).formatRangeToParts(3, 5)]);`,
  "numbers of every kind are formatted": `const f = new Intl.NumberFormat("en", { maximumFractionDigits: 20, signDisplay: "negative" }); return [f.format(0), f.format(-0), f.format(NaN), f.format(Infinity), f.format(-1e21), f.format(12345678901234567890n), f.format("12345678901234567890.5"), f.format("0x10"), f.format(""), f.format("x"), f.format(true), f.format({ valueOf: () => 5 }), f.format(), f.format(null), f.format(1e-7), [1, 2.5].map(f.format), f.formatToParts(-5n)];`,
  "dates are formatted": `return LOCALES.map((l) => [new Intl.DateTimeFormat(l, UTC).format(DAY), new Intl.DateTimeFormat(l, { ...UTC, dateStyle: "full", timeStyle: "long" }).format(DAY), new Intl.DateTimeFormat(l, { timeZone: "Asia/Tokyo", hour: "numeric", minute: "2-digit", timeZoneName: "short" }).format(new Date(DAY)), new Intl.DateTimeFormat(l, { ...UTC, weekday: "long", era: "short" }).formatToParts(DAY),
    new Intl.DateTimeFormat(l, { ...UTC, dateStyle: "medium" }).formatRange(DAY, DAY + 9e8), new Intl.DateTimeFormat(l, UTC).formatRangeToParts(DAY, DAY + 9e8), new Date(DAY).toLocaleString(l, UTC), new Date(DAY).toLocaleDateString(l, { ...UTC, month: "long" }), new Date(DAY).toLocaleTimeString(l, { ...UTC, hour12: false }), new Date(DAY).toLocaleDateString(l, { ...UTC, hour: "numeric" })]);`,
  "what has been resolved is told": `const plain = (o) => Object.entries(o); return [new Intl.NumberFormat("de-DE-u-nu-latn", { style: "currency", currency: "usd" }), new Intl.DateTimeFormat("fr", { ...UTC, month: "long", hour: "numeric" }), new Intl.Collator("de-u-co-phonebk"), new Intl.PluralRules("ar", { type: "ordinal" }), new Intl.RelativeTimeFormat("es", { numeric: "auto" }), new Intl.ListFormat("en", { type: "disjunction" }), new Intl.DisplayNames("en", { type: "region" }), new Intl.Segmenter("th", { granularity: "word" })].map((f) => plain(f.resolvedOptions()));`,
  "texts are compared": `const words = ["zebra", "Äpfel", "apfel", "Zoo", "öl", "a10", "a9", "résumé", "resume"]; return [LOCALES.concat("sv").map((l) => [...words].sort(new Intl.Collator(l).compare)), [...words].sort((a, b) => a.localeCompare(b)), "a".localeCompare("A", undefined, { sensitivity: "base" }), [...words].sort(new Intl.Collator("en", { numeric: true }).compare), "a".localeCompare("b"), "x".localeCompare("x"), "a".localeCompare(), new Intl.Collator().compare("a", "\\u0061\\u0301")];`,
  "plurals, relative times, lists and names": `return LOCALES.map((l) => [[0, 1, 2, 3, 5, 11, 21, 1.5, NaN, -1].map((n) => new Intl.PluralRules(l).select(n)), new Intl.PluralRules(l).selectRange(1, 2), new Intl.RelativeTimeFormat(l, { numeric: "auto" }).format(-1, "day"), new Intl.RelativeTimeFormat(l).format(3, "hours"), new Intl.RelativeTimeFormat(l).formatToParts(-2, "week"),
    new Intl.ListFormat(l).format(["a", "b", "c"]), new Intl.ListFormat(l, { type: "disjunction", style: "short" }).formatToParts(new Set(["x", "y"])), new Intl.DisplayNames(l, { type: "region" }).of("JP"), new Intl.DisplayNames(l, { type: "language" }).of("pt-BR"), new Intl.DisplayNames(l, { type: "currency" }).of("USD"), new Intl.DisplayNames("en", { type: "region", fallback: "none" }).of("ZX") ?? "none"]);`,
  "texts are cut into segments": `const all = (l, g, t) => [...new Intl.Segmenter(l, { granularity: g }).segment(t)].map(({ segment, index, isWordLike }) => [segment, index, isWordLike ?? null]); const long = "e\\u0301👨‍👩‍👧 wort. ".repeat(2000); return [all("en", "grapheme", "e\\u0301👨‍👩‍👧🇩🇪x"), all("en", "word", "Hello, world! 3.5"), all("th", "word", "สวัสดีชาวโลก"), all("en", "sentence", "One. Two? Three"), all("en", "grapheme", long).length, all("en", "word", long).length, all("en", "grapheme", ""),
    new Intl.Segmenter("en").segment("abc").containing(1), new Intl.Segmenter("en").segment("abc").containing(9) ?? "none", new Intl.Segmenter("en").segment("abc").containing(-1) ?? "none"];`,
  "locales are canonical, and tell their parts": `const l = new Intl.Locale("zh-hans-cn-u-ca-buddhist-nu-latn", { hourCycle: "h12" }); return [Intl.getCanonicalLocales(["EN-us", "de", "en-US", "iw"]), Intl.getCanonicalLocales("sr-latn"), Intl.getCanonicalLocales(), Intl.NumberFormat.supportedLocalesOf(["de", "xx-YY", "en-GB"]), String(l), l.language, l.script, l.region, l.calendar, l.numberingSystem, l.hourCycle, l.baseName, l.numeric, String(l.maximize()), String(new Intl.Locale("en").maximize()), String(new Intl.Locale("en-Latn-US").minimize()), new Intl.NumberFormat(new Intl.Locale("de")).format(1.5), String(new Intl.Locale(l)), l.getCalendars?.(),
    Intl.supportedValuesOf("currency").includes("EUR"), Intl.supportedValuesOf("unit").length > 30, Intl.supportedValuesOf("timeZone").includes("Europe/Berlin")];`,
  "methods of built-in objects": `return [(1234.5).toLocaleString(), (1234.5).toLocaleString("de", { minimumFractionDigits: 2 }), NaN.toLocaleString(), (-0).toLocaleString(), 123456789n.toLocaleString("fr"), [1234.5, null, "x", new Date(DAY)].toLocaleString("de", UTC), new Uint16Array([1000, 2]).toLocaleString("de"), "iI".toLocaleUpperCase("tr"), "Iİ".toLocaleLowerCase("tr-TR"), "ß".toLocaleUpperCase(), "I".toLocaleLowerCase(["az"]), "ΑΣ".toLocaleLowerCase("el"), "i".toLocaleUpperCase("trv"), new Date(NaN).toLocaleString(), new Date(DAY).toLocaleString("en-US", UTC)];`,
  "mistakes are the errors of the standard": `return [() => new Intl.NumberFormat("no_good"), () => new Intl.NumberFormat("en", { style: "currency" }), () => new Intl.NumberFormat("en", { maximumFractionDigits: 101 }), () => new Intl.NumberFormat("en", null), () => new Intl.DateTimeFormat("en", { timeZone: "Mars/Base" }), () => new Intl.DateTimeFormat("en").format(NaN), () => new Intl.DateTimeFormat("en", UTC).formatRange(1), () => Intl.PluralRules(), () => new Intl.DisplayNames("en"),
    () => new Intl.DisplayNames("en", { type: "x" }), () => new Intl.RelativeTimeFormat("en").format(1, "eon"), () => new Intl.RelativeTimeFormat("en").format(Infinity, "day"), () => new Intl.ListFormat("en").format([1]), () => new Intl.Segmenter("en", 1), () => Intl.NumberFormat.prototype.formatToParts.call({}, 1), () => "a".localeCompare("b", "x_y"), () => (1).toLocaleString(1), () => (1).toLocaleString(null), () => new Date(0).toLocaleDateString("en", { timeStyle: "short" }), () => Number.prototype.toLocaleString.call("1"),
    () => String.prototype.localeCompare.call(null, "a"), () => new Intl.Locale(), () => new Intl.Locale("x_x"), () => Intl.Locale("en"), () => new Intl.Collator([Symbol()]), () => Intl.supportedValuesOf("x"), () => Intl.getCanonicalLocales(null), () => new Intl.DateTimeFormat("en", { dateStyle: "full", day: "numeric" })].map(thrown);`,
  "shapes are those of the standard": `const d = (o, k) => { const p = Object.getOwnPropertyDescriptor(o, k); return [k.toString(), p.writable ?? null, p.enumerable, p.configurable, typeof p.value === "function" ? [p.value.name, p.value.length] : p.value ?? null]; };
    return [Object.prototype.toString.call(Intl), ["Collator", "DateTimeFormat", "DisplayNames", "ListFormat", "NumberFormat", "PluralRules", "RelativeTimeFormat", "Segmenter", "Locale"].map((n) => [d(Intl, n), d(Intl[n], "prototype").slice(0, 4), d(Intl[n].prototype, Symbol.toStringTag), d(Intl[n].prototype, "constructor")]), d(Intl.NumberFormat, "supportedLocalesOf"), d(Intl.NumberFormat.prototype, "formatToParts"), d(Date.prototype, "toLocaleString"), d(String.prototype, "localeCompare"), d(Intl.NumberFormat.prototype, "format").slice(0, 4),
      Intl.NumberFormat("de") instanceof Intl.NumberFormat, new (class extends Intl.NumberFormat {})("de").format(1.5), (() => { const f = new Intl.NumberFormat("de"); return f.format === f.format; })(), new Intl.NumberFormat().format.name, new Intl.Collator().compare.length];`,
};

for (const [title, body] of Object.entries(CASES))
  test(title, async () => {
    const here = JSON.parse(JSON.stringify(new Function(PRELUDE + body)()));
    expect(await isolate.run(PRELUDE + body)).toEqual(here);
  });

test("the default locale is en-US and the default time zone UTC", async () => {
  expect(await isolate.run(`const { locale, timeZone } = new Intl.DateTimeFormat().resolvedOptions(); return [locale, timeZone, new Date(0).toLocaleString(), new Intl.NumberFormat().resolvedOptions().locale];`)).toEqual(["en-US", "UTC", new Date(0).toLocaleString("en-US", { timeZone: "UTC" }), "en-US"]);
});

test("a formatter made at the top level serves every request and every isolate", async () => {
  using app = await TestIsolate.load('const money = new Intl.NumberFormat("de", { style: "currency", currency: "EUR" }); export default { fetch: () => new Response(money.format(1)) }');
  const first = (await app.request()).text;
  app.restart();
  expect([first, (await app.request()).text]).toEqual(Array(2).fill(new Intl.NumberFormat("de", { style: "currency", currency: "EUR" }).format(1)));
});

test("options are read once, in the order of the standard", async () => {
  expect(
    await isolate.run(`
    const read = []; const options = new Proxy({}, { get(_, key) { read.push(key); return undefined; } });
    new Intl.NumberFormat("en", options);
    return read;`),
  ).toEqual(["localeMatcher", "numberingSystem", "style", "currency", "currencyDisplay", "currencySign", "unit", "unitDisplay", "notation", "minimumIntegerDigits", "minimumFractionDigits", "maximumFractionDigits", "minimumSignificantDigits", "maximumSignificantDigits", "roundingIncrement", "roundingMode", "roundingPriority", "trailingZeroDisplay", "compactDisplay", "useGrouping", "signDisplay"]);
});

test("arguments of every kind give errors of the standard's classes, and no fault of nano's", async () => {
  const told = await isolate.run(`
    const told = new Set(), odd = [undefined, null, true, -1, 2 ** 53, NaN, 'x', 'x'.repeat(70000), 1n, Symbol(), {}, [], () => {}, new Uint8Array(8), Object.create(null), new Proxy({}, {}), { length: 2 ** 40 }, ['__proto__'], { style: 'currency', currency: '\\ud800' }, 'en-u-co-\\u0000', new Intl.Locale('de'), [['de']], { __proto__: { type: 'x' }, maximumFractionDigits: 1e9 }];
    const made = ['Collator', 'DateTimeFormat', 'DisplayNames', 'DurationFormat', 'ListFormat', 'NumberFormat', 'PluralRules', 'RelativeTimeFormat', 'Segmenter'].map((k) => new Intl[k]('en', { type: k === 'DisplayNames' ? 'region' : undefined }));
    const calls = [(a, b) => Intl.getCanonicalLocales(a), (a, b) => Intl.supportedValuesOf(a), (a, b) => new Intl.Locale(a, b), (a, b) => (1).toLocaleString(a, b), (a, b) => 1n.toLocaleString(a, b), (a, b) => new Date(0).toLocaleString(a, b), (a, b) => 'a'.localeCompare(a, b, b), (a) => 'a'.toLocaleUpperCase(a), (a, b) => [1, a].toLocaleString(a, b),
      ...made.flatMap((o) => [(a, b) => new o.constructor(a, b), (a, b) => o.constructor.supportedLocalesOf(a, b), ...Object.getOwnPropertyNames(Object.getPrototypeOf(o)).filter((n) => n !== 'constructor').map((n) => (a, b) => { const f = o[n]; return typeof f === 'function' ? f.call(o, a, b) : f; })])];
    for (const a of odd) for (let i = 0; i < odd.length; i += 3) for (const f of calls) try { f(a, odd[(i + calls.indexOf(f)) % odd.length]); } catch (e) { told.add(e.name + (/internal error/.test(e.message) ? ' ' + e.message + f : '')); }
    return [...told].sort();`);
  expect(told).toEqual(["RangeError", "TypeError"]);
  expect(isolate.faults).toEqual([]);
}, 30_000);
