import { describe, expect, test } from "bun:test";
import { EXIT, formatProblem, type HttpError, httpErrors, OperatorError, problem } from "../../../src/errors.ts";

const codes = Object.entries(httpErrors) as [string, HttpError][];

describe("what a client is told", () => {
  test("every code has the status of the error contract", () => {
    const statuses = Object.fromEntries(codes.map(([code, { status }]) => [code, status]));
    expect(statuses).toMatchObject({
      app_exception: 500, bad_response: 502, cpu_limit: 503, memory_limit: 503, overloaded: 503, quarantined: 503, draining: 503, app_failed: 503, wall_limit: 504, bad_request: 400, bad_host: 400, unknown_host: 404,
      method_not_allowed: 405, request_timeout: 408, payload_too_large: 413, uri_too_long: 414, headers_too_large: 431, not_implemented: 501,
    });
  });

  test("whoever is told to come back is told when", () => {
    const telling = codes.filter(([, { retryAfterS }]) => retryAfterS !== undefined).map(([code]) => code);
    expect(telling).toEqual(["overloaded", "quarantined", "draining", "isolate_lost"]);
  });

  test("a request that was not understood or not read ends its connection", () => {
    for (const [code, { status, closes }] of codes) if ([400, 405, 408, 413, 414, 431, 501].includes(status)) expect([code, closes]).toEqual([code, true]);
    expect(httpErrors.draining.closes).toBe(true);
  });

  test("statuses of 4xx blame the client, others never do", () => {
    for (const [code, { status, blame }] of codes) expect([code, blame === "client"]).toEqual([code, status < 500 || status === 501]);
  });
});

describe("what an operator is told", () => {
  test("a problem names file, line, column, field, fault and way out", () => {
    const told = problem("limit_twice", { name: "timeout_ms", value: 10, other: "limits.cpu_ms", otherValue: 20 }, { file: "nano.json", line: 4, column: 7, field: "apps[0].timeout_ms" });
    expect(told.code).toBe("limit_twice");
    expect(formatProblem(told)).toBe("nano.json:4:7: apps[0].timeout_ms: timeout_ms is 10, but limits.cpu_ms is 20\n  both name the same limit: keep one of them");
  });

  test("a problem without a place is told without one", () => {
    expect(formatProblem(problem("environment_refused", { name: "BUN_OPTIONS" }))).toBe("the environment variable BUN_OPTIONS is set\n  it would change what nano itself does: unset it and start again");
  });

  test("a name with control characters cannot steer a terminal or forge a line", () => {
    const text = formatProblem({ field: "apps[0].\u001b[2J\u009b\u202e", message: "no\nsuch\rkey" });
    expect(text).toBe("apps[0].\\u001b[2J\\u009b\\u202e: no\\nsuch\\u000dkey");
  });

  test("an error with very many problems shows the first ones, counts the rest and keeps all", () => {
    const error = new OperatorError(Array.from({ length: 25 }, (_, i) => ({ message: `fault ${i}` })));
    expect(error.problems).toHaveLength(25);
    expect(error.message.split("\n")).toHaveLength(21);
    expect(error.message).toEndWith("fault 19\n… and 5 more");
  });

  test("exit codes are those of the manual", () => {
    expect(EXIT).toEqual({ ok: 0, failure: 1, usage: 2 });
  });
});
