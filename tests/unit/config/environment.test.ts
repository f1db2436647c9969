import { describe, expect, test } from "bun:test";
import { ENGINE_OPTIONS, readEnvironment } from "../../../src/config/environment.ts";

describe("the environment", () => {
  test("nothing set is nothing said", () => {
    expect(readEnvironment({})).toEqual({ port: undefined, configFile: undefined, logFormat: undefined, wantsColor: undefined, runtimeFolder: undefined, cacheFolder: undefined, stateFolder: undefined, tracing: undefined, npmPackages: {}, hasEngineOptions: false });
  });

  test("a variable that is set to nothing counts as not set", () => {
    expect(readEnvironment({ NANO_PORT: "", NANO_CONFIG: "", NANO_LOG_FORMAT: "", NO_COLOR: "" })).toEqual(readEnvironment({}));
  });

  test("what is set is read", () => {
    expect(readEnvironment({ NANO_PORT: "8080", NANO_CONFIG: "x.json", NANO_LOG_FORMAT: "apache", NO_COLOR: "1", NANO_NPM_PACKAGE: "@scope/nano@1.2.3", ...ENGINE_OPTIONS })).toEqual({ port: "8080", configFile: "x.json", logFormat: "apache", wantsColor: false, runtimeFolder: undefined, cacheFolder: undefined, stateFolder: undefined, tracing: undefined, npmPackages: { "@scope/nano": "1.2.3" }, hasEngineOptions: true });
  });

  test("colours: FORCE_COLOR goes before NO_COLOR, and a dumb terminal has none", () => {
    for (const [variables, wanted] of [[{ NO_COLOR: "1" }, false], [{ NO_COLOR: "1", FORCE_COLOR: "1" }, true], [{ FORCE_COLOR: "0" }, false], [{ FORCE_COLOR: "false" }, false], [{ FORCE_COLOR: "", NO_COLOR: "" }, undefined], [{ TERM: "dumb" }, false], [{ TERM: "xterm" }, undefined]] as const)
      expect(readEnvironment(variables).wantsColor).toBe(wanted);
  });

  test("values that make no sense are all told at once, without repeating them", () => {
    expect(() => readEnvironment({ NANO_PORT: "80x", NANO_LOG_FORMAT: "xml" })).toThrow(
      "the environment variable NANO_LOG_FORMAT has a value that it cannot have\n  it can be json, text or apache\nthe environment variable NANO_PORT has a value that it cannot have\n  it can be a port, 0 to 65535",
    );
    for (const port of ["65536", "-1", "1e3", " 80"]) expect(() => readEnvironment({ NANO_PORT: port })).toThrow("NANO_PORT");
  });

  test.each(["BUN_OPTIONS", "BUN_BE_BUN", "BUN_INSPECT", "BUN_INSPECT_CONNECT_TO", "NODE_OPTIONS"])("%s would change what nano is, so nano refuses to start with it", (name) => {
    expect(() => readEnvironment({ [name]: "1" })).toThrow(`the environment variable ${name} is set`);
  });
});

test("bundles are kept where systemd says, else where the desktop standard does, and never at a relative path", () => {
  const folderOf = (variables: Record<string, string>) => readEnvironment(variables).cacheFolder;
  expect(folderOf({ CACHE_DIRECTORY: "/var/cache/nano:/var/cache/other", XDG_CACHE_HOME: "/x", HOME: "/h" })).toBe("/var/cache/nano");
  expect(folderOf({ XDG_CACHE_HOME: "/x", HOME: "/h" })).toBe("/x/nano");
  expect(folderOf({ XDG_CACHE_HOME: "", HOME: "/h" })).toBe("/h/.cache/nano");
  expect(folderOf({ XDG_CACHE_HOME: "x" })).toBeUndefined();
});
