import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { createLog, escapeControls, type LogFormat, type LogLevel } from "../../../src/observe/log.ts";
import type { Observer, RequestRecord } from "../../../src/observe/observer.ts";

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

function logTo(format: LogFormat, level: LogLevel = "debug"): { readonly log: Observer; readonly lines: string[] } {
  const lines: string[] = [];
  return { log: createLog({ format, level, write: (line) => lines.push(line), now: () => NOW }), lines };
}

const record: RequestRecord = {
  requestId: "req-12345678",
  app: "shop",
  host: "shop.test",
  method: "GET",
  path: "/cart",
  protocol: "HTTP/1.1",
  clientAddress: "192.0.2.7",
  userAgent: "curl/8.0",
  referrer: "http://shop.test/",
  status: 200,
  bytes: 512,
  answerMs: 0,
  latencyMs: 1.23456,
  cpuMs: 0.5,
  memoryBytes: 0,
  receivedBytes: 0,
  outcome: "ok",
};

describe("a request", () => {
  test("is one line of JSON", () => {
    const { log, lines } = logTo("json");
    log.request(record);
    expect(lines).toEqual([
      '{"ts":"2026-01-02T03:04:05.678Z","level":"info","event":"request","req":"req-12345678","app":"shop","host":"shop.test","method":"GET","path":"/cart","status":200,"bytes":512,"latency_ms":1.235,"cpu_ms":0.5,"outcome":"ok"}\n',
    ]);
  });

  test("is one line of text", () => {
    const { log, lines } = logTo("text");
    log.request({ ...record, status: 503, app: "", outcome: "loadShed" });
    expect(lines).toEqual(["2026-01-02T03:04:05.678Z WARN  request req=req-12345678 host=shop.test method=GET path=/cart status=503 bytes=512 latency_ms=1.235 cpu_ms=0.5 outcome=loadShed\n"]);
  });

  test("is a line of Apache's combined format", () => {
    const { log, lines } = logTo("apache");
    log.request(record);
    log.request({ ...record, clientAddress: "", bytes: 0, referrer: "", userAgent: "", method: "POST", status: 204 });
    expect(lines).toEqual([
      '192.0.2.7 - - [02/Jan/2026:03:04:05 +0000] "GET /cart HTTP/1.1" 200 512 "http://shop.test/" "curl/8.0"\n',
      '- - - [02/Jan/2026:03:04:05 +0000] "POST /cart HTTP/1.1" 204 - "-" "-"\n',
    ]);
  });

  test("that the server failed is a warning, and what is below the level asked for is not written", () => {
    for (const format of ["json", "text", "apache"] as const) {
      const { log, lines } = logTo(format, "warn");
      log.request(record);
      log.request({ ...record, status: 500 });
      log.console("shop", "r", "log", "not written", "");
      expect(lines.length).toBe(1);
    }
  });
});

describe("every other event", () => {
  const tell = (log: Observer) => {
    log.kill({ app: "shop", requestId: "r", reason: "exceededCpu", limitKey: "cpu_ms", limit: 50, used: 50.12345, unit: "ms", stack: "at f (app.js:1:2)", frame: "" });
    log.failure({ app: "shop", requestId: "r", name: "TypeError", message: "no", stack: "at f", frame: "" });
    log.console("shop", "r", "error", "told", "");
    log.appLoaded("shop", { revision: 2, ms: 3.14159, bundleBytes: 10, snapshotBytes: 20, startupCpuMs: 1, warnings: ["a.js:1:2: odd"] });
    log.appFailed("shop", { revision: 3, error: "app.js: SyntaxError: no" });
    log.egressDenied("shop", "r", "10.0.0.1");
    log.event("listening", { port: 3000, ready: true });
  };

  test("is a line of text", () => {
    const { log, lines } = logTo("text");
    tell(log);
    expect(lines.map((line) => line.slice("2026-01-02T03:04:05.678Z ".length))).toEqual([
      'ERROR kill app=shop req=r reason=exceededCpu limit="50 ms" used="50.123 ms" config_key=cpu_ms stack="at f (app.js:1:2)"\n',
      'ERROR exception app=shop req=r error="TypeError: no" stack="at f"\n',
      "ERROR console app=shop req=r message=told\n",
      "INFO  app_loaded app=shop revision=2 ms=3.142 bundle_bytes=10 snapshot_bytes=20\n",
      'WARN  app_warning app=shop revision=2 warning="a.js:1:2: odd"\n',
      'ERROR app_failed app=shop revision=3 error="app.js: SyntaxError: no"\n',
      "WARN  egress_denied app=shop req=r host=10.0.0.1\n",
      "INFO  listening port=3000 ready=true\n",
    ]);
  });

  test("is a line of JSON with time, level and event", () => {
    const { log, lines } = logTo("json");
    tell(log);
    expect(lines.map((line) => JSON.parse(line)).map(({ ts, level, event }) => `${ts} ${level} ${event}`)).toEqual(
      ["error kill", "error exception", "error console", "info app_loaded", "warn app_warning", "error app_failed", "warn egress_denied", "info listening"].map((text) => `2026-01-02T03:04:05.678Z ${text}`),
    );
  });

  test("of console has the level that its method stands for", () => {
    const { log, lines } = logTo("json");
    for (const level of ["debug", "log", "info", "warn", "error"] as const) log.console("shop", "r", level, "x", "");
    expect(lines.map((line) => JSON.parse(line).level)).toEqual(["debug", "info", "info", "warn", "error"]);
  });

  test("of a defect of ours comes with the stack, or with whatever was thrown", () => {
    const { log, lines } = logTo("json");
    log.fault("id-1", new RangeError("odd"));
    log.fault("id-2", "just text");
    log.fault("id-3", undefined);
    expect(lines.map((line) => JSON.parse(line)).map(({ id, error }) => [id, error.split("\n")[0]])).toEqual([
      ["id-1", "RangeError: odd"],
      ["id-2", "just text"],
      ["id-3", "undefined"],
    ]);
  });
});

describe("text of apps and clients cannot break a line, forge one or steer a terminal", () => {
  const controls = [...Array(0x20).keys(), 0x7f, ...Array.from({ length: 0x20 }, (_, i) => 0x80 + i), 0x2028, 0x2029, 0x061c, 0x200e, 0x200f, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069].map((code) => String.fromCharCode(code));

  test("controls, line separators and all that turns the direction of text are escaped", () => {
    expect(escapeControls("a\nb\u001b[31m\u007f\u0085\u2028\u202e\u200f")).toBe("a\\x0ab\\x1b[31m\\x7f\\x85\\u2028\\u202e\\u200f");
    expect(escapeControls("über \u4e2d \u{1f600} \u00a0")).toBe("über \u4e2d \u{1f600} \u00a0");
  });

  test.each(["json", "text", "apache"] as const)("in %s", (format) => {
    const unit = fc.oneof(fc.constantFrom(...controls, '"', "\\", " ", "=", "'", "\ud800"), fc.string({ unit: "grapheme", maxLength: 3 }));
    const text = fc.array(unit, { maxLength: 30 }).map((units) => units.join(""));
    fc.assert(
      fc.property(text, text, text, (one, other, third) => {
        const { log, lines } = logTo(format);
        log.request({ ...record, path: one, userAgent: other, referrer: third, host: one, clientAddress: "192.0.2.7", method: other });
        log.console(one, other, "log", third, "");
        log.failure({ app: one, requestId: other, name: third, message: one, stack: other, frame: "" });
        log.event("event", { key: third });
        expect(lines.length).toBe(4);
        for (const line of lines) {
          expect(line.endsWith("\n")).toBe(true);
          for (const control of controls) expect(line.slice(0, -1)).not.toContain(control);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("a JSON line says what was said, to the last unit", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const { log, lines } = logTo("json");
        log.console("shop", "r", "log", text, "");
        expect(JSON.parse(lines[0] as string).message).toBe(text);
      }),
    );
  });

  test("a forged field or line stays inside its quotes", () => {
    const { log, lines } = logTo("text");
    log.console("shop", "r", "log", 'hello" level=error\n2026-01-02T03:04:05.678Z ERROR kill app=other', "");
    expect(lines).toEqual(['2026-01-02T03:04:05.678Z INFO  console app=shop req=r message="hello\\" level=error\\x0a2026-01-02T03:04:05.678Z ERROR kill app=other"\n']);
    const apache = logTo("apache");
    apache.log.request({ ...record, userAgent: '" 200 1 "x', path: "/a\\" });
    expect(apache.lines).toEqual(['192.0.2.7 - - [02/Jan/2026:03:04:05 +0000] "GET /a\\\\ HTTP/1.1" 200 512 "http://shop.test/" "\\" 200 1 \\"x"\n']);
  });
});
