/** Test results for machines: the XML that JUnit's Ant task began and CI systems read (https://github.com/testmoapp/junitxml). */
import type { FileResult, TestError, TestResult } from "../../testing/results.ts";
import { totalsOf } from "./report.ts";

export function junitOf(results: readonly FileResult[], ms: number): string {
  const { tests } = totalsOf(results);
  const errors = results.reduce((sum, result) => sum + result.errors.length, 0);
  const counts = attributes({ name: "nano test", tests: Object.values(tests).reduce((sum, count) => sum + count, 0), failures: tests.failed, errors, skipped: tests.skipped + tests.todo, time: seconds(ms) });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites${counts}>\n${results.map(suite).join("")}</testsuites>\n`;
}

function suite(result: FileResult): string {
  const { file, tests, errors, ms } = result;
  const totals = totalsOf([result]).tests;
  const counts = attributes({ name: file, file, tests: tests.length, failures: totals.failed, errors: errors.length, skipped: totals.skipped + totals.todo, time: seconds(ms) });
  const outside = errors.map((error) => `    <testcase${attributes({ name: "(outside of any test)", classname: file, time: "0" })}>\n${told("error", error)}    </testcase>\n`);
  return `  <testsuite${counts}>\n${outside.join("")}${tests.map((test) => testCase(file, test)).join("")}  </testsuite>\n`;
}

function testCase(file: string, { path, state, ms, errors, printed }: TestResult): string {
  const head = `    <testcase${attributes({ name: path.join(" > "), classname: file, time: seconds(ms) })}`;
  const inner = [
    ...(state === "skipped" || state === "todo" ? ["      <skipped/>\n"] : errors.map((error) => told("failure", error))),
    ...(printed.length === 0 ? [] : [`      <system-out>${text(printed.map((line) => `${line.level} ${line.text}`).join("\n"))}</system-out>\n`]),
  ];
  return inner.length === 0 ? `${head}/>\n` : `${head}>\n${inner.join("")}    </testcase>\n`;
}

function told(element: "failure" | "error", { name, message, stack, diff, frame }: TestError): string {
  const body = [`${name}: ${message}`, diff.replace(/\u001b\[\d{1,3}m/g, ""), frame, stack].filter((part) => part !== "").join("\n\n");
  return `      <${element}${attributes({ type: name, message: message.split("\n", 1)[0] ?? "" })}>${text(body)}</${element}>\n`;
}

const seconds = (ms: number): string => (ms / 1_000).toFixed(3);
const attributes = (values: Readonly<Record<string, string | number>>): string => Object.entries(values).map(([name, value]) => ` ${name}="${text(String(value)).replaceAll('"', "&quot;").replaceAll("\n", "&#10;")}"`).join("");

/** Without what XML 1.0 cannot hold (https://www.w3.org/TR/xml/#charsets). */
function text(value: string): string {
  return value
    .toWellFormed()
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "\ufffd")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");
}
