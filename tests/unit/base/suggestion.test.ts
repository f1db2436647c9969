import { describe, expect, test } from "bun:test";
import { suggest } from "../../../src/base/suggestion.ts";

const KEYS = ["hostname", "hostnames", "path", "timeout_ms", "env", "log"];

describe("suggestions", () => {
  test.each([["hostnme", "hostname"], ["HOSTNAME", "hostname"], ["timeoutMs", "timeout_ms"], ["timeout-ms", "timeout_ms"], ["timeout", "timeout_ms"], ["paht", "path"], ["hostanmes", "hostnames"], ["evn", "env"], ["apth", "path"], ["pth", "path"], ["envv", "env"], ["lag", "log"]])("%s means %s", (given, meant) => {
    expect(suggest(given, KEYS)).toBe(meant as string);
  });

  test.each(["", "x", "port", "constructor", "h".repeat(65), "htap", "vne"])("%j is near to nothing", (given) => {
    expect(suggest(given, KEYS)).toBeUndefined();
  });
});
