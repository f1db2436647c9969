/** Whole texts, as an operator reads them. Look at them again when one changes. */
import { describe, expect, test } from "bun:test";
import { errorOf } from "./fixture.ts";

const lines = (...all: string[]) => all.join("\n");
const told = (text: string) => errorOf(text).message;

describe("the likeliest mistakes", () => {
  test("a mistyped key", () => {
    expect(told(lines("{", '  "apps": [', '    { "hostnam": "blog.example.com", "path": "./blog.js" },', "  ],", "}"))).toBe(
      lines(
        'nano.json:3:7: apps[0].hostnam: there is no key "hostnam"',
        '    3 |     { "hostnam": "••••••••••••••••", "path": "•••••••••" },',
        "      |       ^^^^^^^^^",
        '  did you mean "hostname"?',
      ),
    );
  });

  test("a limit outside limits", () => {
    expect(told('{ "apps": [{ "path": "./a.js", "cpu_ms": 50 }] }')).toBe(
      lines('nano.json:1:32: apps[0].cpu_ms: there is no key "cpu_ms"', '    1 | { "apps": [{ "path": "••••••", "cpu_ms": •• }] }', "      |                                ^^^^^^^^", '  it belongs to the "limits" of an app'),
    );
  });

  test("a number in quotes", () => {
    expect(told('{ "port": "8080", "apps": [{ "path": "./a.js" }] }')).toBe(
      lines("nano.json:1:11: port: must be a port: a whole number from 0 to 65535, not a string", '    1 | { "port": "8080", "apps": [{ "path": "••••••" }] }', "      |           ^^^^^^", "  write it without quotes: 8080"),
    );
  });

  test("a limit above its ceiling", () => {
    expect(told(lines('{ "apps": [{', '  "path": "./a.js",', '  "timeout_ms": 600000', "}] }"))).toBe(
      lines("nano.json:3:17: apps[0].timeout_ms: 600000 is above the ceiling of 300000 ms", '    3 |   "timeout_ms": 600000', "      |                 ^^^^^^", "  timeout_ms is the CPU time of one invocation, counted as fuel: use a whole number from 5 to 300000"),
    );
  });

  test("no path", () => {
    expect(told('{ "apps": [{ "hostname": "a.test" }] }')).toBe(
      lines("nano.json:1:12: apps[0].path: path is missing", '    1 | { "apps": [{ "hostname": "••••••" }] }', "      |            ^", '  add "path": "./app.js", the app\'s file or folder'),
    );
  });

  test("a URL in place of a hostname", () => {
    expect(told('{ "apps": [{ "hostname": "http://a.test/", "path": "./a.js" }] }')).toBe(
      lines(
        "nano.json:1:26: apps[0].hostname: this is no hostname",
        '    1 | { "apps": [{ "hostname": "http://a.test/", "path": "••••••" }] }',
        "      |                          ^^^^^^^^^^^^^^^^",
        '  write "app.example.com", "*.example.com" or "[::1]", without scheme, port and path',
      ),
    );
  });

  test("a hostname that two apps have", () => {
    expect(told(lines('{ "apps": [', '  { "hostname": "a.test", "path": "./a.js" },', '  { "hostname": "A.test", "path": "./b.js", "name": "b" }', "] }"))).toBe(
      lines(
        "nano.json:3:17: apps[1].hostname: the hostname a.test is taken already: apps[0].hostname in line 2",
        '    3 |   { "hostname": "A.test", "path": "••••••", "name": "•" }',
        "      |                 ^^^^^^^^",
        "  every hostname belongs to one app: change or remove one of the two",
      ),
    );
  });

  test("a missing comma", () => {
    expect(told(lines("{", '  "port": 3000', '  "apps": [{ "path": "./a.js" }]', "}"))).toBe(lines("nano.json:3:3: a comma is missing before this", '    3 |   "apps": [{ "path": "••••••" }]', "      |   ^^^^^^"));
  });

  test("a bracket that is not closed", () => {
    expect(told(lines("{", '  "apps": [', '    { "path": "./a.js" }', "}"))).toBe(lines("nano.json:4:1: this } does not match the [ in line 2", "    4 | }", "      | ^", "  close that with ] first"));
  });

  test("a file that ends in the middle", () => {
    expect(told(lines("{", '  "apps": [', '    { "path": "./a.js" },'))).toBe(lines("nano.json:3:26: the file ends too early", '    3 |     { "path": "••••••" },', "      |                          ^", "  the [ in line 2 is not closed"));
  });

  test("no apps at all", () => {
    expect(told('{ "port": 80 }')).toBe(lines("nano.json:1:1: apps: apps is missing", '    1 | { "port": •• }', "      | ^", '  add "apps": [{ "hostname": "app.localhost", "path": "./app.js" }]'));
  });

  test("an empty file", () => {
    for (const text of ["", " \n", "\ufeff", "// nothing yet"]) expect(told(text)).toBe(lines("nano.json: the file is empty", '  the least that works: { "apps": [{ "hostname": "app.localhost", "path": "./app.js" }] }'));
  });
});

describe("hints", () => {
  const hintFor = (key: string, at: "top" | "app" | "defaults" | "limits" | "log" | "server" = "app") => {
    const extra = `"${key}": 1`;
    const app = at === "app" ? `, ${extra}` : at === "limits" ? `, "limits": { ${extra} }` : "";
    const top = at === "top" ? `, ${extra}` : at === "defaults" ? `, "defaults": { ${extra} }` : at === "log" ? `, "log": { ${extra} }` : at === "server" ? `, "limits": { ${extra} }` : "";
    return errorOf(`{ "apps": [{ "path": "a"${app} }]${top} }`).problems.find(({ code }) => code === "key_unknown")?.hint;
  };

  test.each([
    ["hostnames_", "app", 'did you mean "hostnames"?'],
    ["Path", "app", 'did you mean "path"?'],
    ["maxBufferSizeMb", "app", 'did you mean "max_buffer_size_mb"?'],
    ["timeout", "app", 'did you mean "timeout_ms"?'],
    ["vars", "app", 'did you mean "env"?'],
    ["domain", "app", 'did you mean "hostname"?'],
    ["entry", "app", 'did you mean "path"?'],
    ["port", "app", "it belongs to the top level"],
    ["hostname", "top", "it belongs to an app"],
    ["trustedProxies", "top", 'did you mean "trusted_proxies"?'],
    ["wall_ms", "defaults", 'it belongs to the "limits" of "defaults"'],
    ["url_kb", "limits", 'it belongs to "limits" at the top level'],
    ["cpu_ms", "server", 'it belongs to the "limits" of an app'],
    ["max_body", "limits", 'did you mean "max_body_mb"?'],
    ["lvl", "log", "keys here are: format, level"],
  ] as const)("%s in %s: %s", (key, at, hint) => {
    expect(hintFor(key, at)).toBe(hint);
  });

  test("a mistyped choice", () => {
    expect(errorOf('{ "log": { "format": "jsn" }, "apps": [{ "path": "a" }] }').problems[0]).toMatchObject({ message: 'must be one of "json", "text", "apache"', hint: 'did you mean "json"?' });
  });

  test("an address that was meant as a network", () => {
    expect(errorOf('{ "trusted_proxies": ["10.0.0.5/8"], "apps": [{ "path": "a" }] }').problems[0]?.hint).toBe('did you mean "10.0.0.0/8", or the one address "10.0.0.5"?');
  });
});

describe("all at once", () => {
  test("unknown keys, wrong values, missing keys, doubled keys and clashes are told together, in the order of the file", () => {
    const text = lines("{", '  "prot": 1, "hots": 2,', '  "port": 70000,', '  "apps": [', '    { "hostname": "a.test", "path": "a", "path": "b" },', '    { "hostname": "a.test", "env": { "A": 1, "A": 2 } }', "  ]", "}");
    expect(errorOf(text).problems.map(({ line, column, field, code }) => [line, column, field, code])).toEqual([
      [2, 3, "prot", "key_unknown"],
      [2, 14, "hots", "key_unknown"],
      [3, 11, "port", "value_wrong"],
      [5, 42, "apps[0].path", "key_twice"],
      [6, 5, "apps[1].path", "key_missing"],
      [6, 19, "apps[1].hostname", "hostname_taken"],
      [6, 46, "apps[1].env.A", "key_twice"],
    ] as never);
  });

  test("several slips of syntax are told together, one a line", () => {
    expect(errorOf(lines("{", '  "port" 3000,', "  'host': 1,", '  "apps": [{ "path": "a" }]', "}")).problems.map(({ line }) => line)).toEqual([2, 3]);
  });
});

describe("secrets", () => {
  const SECRET = "hunter2CANARY";
  test.each([
    `{ "apps": [{ "env": { "TOKEN": "${SECRET}" }, "nmae": 1 }] }`,
    `{ "apps": [{ "env": { "TOKEN": '${SECRET}' } }] }`,
    `{ "apps": [{ "secrets": { "a b": "${SECRET}" } }] }`,
    `{ "apps": [{ "secrets": "${SECRET}" }] }`,
    `{ "apps": [{ "path": "a", "secrets": { "TOKEN": "${SECRET.repeat(500)}" } }] }`,
    `{ "apps": [{ "path": "a", "env": { "TOKEN": "x" }, "secrets": { "TOKEN": "${SECRET}" } }] }`,
    `{ "apps": [{ "path": "a", "secrets": { "TOKEN": { "from_env": 1, "x": "${SECRET}" } } }] }`,
    `{ "apps": [{ "env": { "TOKEN": ${SECRET} } }] }`,
    `{ "apps": [{ "env": { "TOKEN": "${SECRET}`,
    `{ "apps": [{ "env": { "TOKEN" "${SECRET}" } }] }`,
    `{ "apps": [{ "path": 5, // TOKEN ${SECRET}\n } ] }`,
    `{ "apps": [{ "path": 5, /* "TOKEN": "${SECRET}" */ } ] }`,
    `{ "apps": [{ "env": { "TOKENS": [\n"${SECRET}" "x"\n] } }] }`,
    `{ "apps": [{ "env": { "TOKEN": "${SECRET.repeat(500)}" } }] }`,
    `{ "apps": [{ "env": { "a b": "${SECRET}" } }] }`,
    `{ "apps": [{ "env": "${SECRET}" }] }`,
    `{ "apps": [{ "env": ["${SECRET}"] }] }`,
    `{ "apps": [{ "path": "a", "fallback": "http://u:${SECRET}@x.test" }] }`,
    `{ "apps": [{ "path": "a", "vars": { "TOKEN": "${SECRET}" } }] }`,
    `{ "apps": [{ "path": "a", "env": { "TOKEN": "x", "TOKEN": "${SECRET}" } }] }`,
    `TOKEN=${SECRET}`,
    `"${SECRET}"`,
    `{} ${SECRET}`,
  ])("%p is told without the secret", (text) => {
    const error = errorOf(text);
    expect(error.message).not.toContain(SECRET);
    expect(JSON.stringify(error.problems)).not.toContain(SECRET);
  });
});

describe("places", () => {
  test.each(["\n", "\r\n", "\r"])("lines that end in %j are counted, and a byte order mark is not", (end) => {
    expect(errorOf(["\ufeff{", '  "apps": [{ "path": "a" }],', '  "port":', "    -1", "}"].join(end)).problems[0]).toMatchObject({ line: 4, column: 5, field: "port" });
  });

  test("in a long line the frame shows the surroundings of the place", () => {
    const { message } = errorOf(`{ "apps": [${Array.from({ length: 200 }, (_, i) => `{ "path": "a", "name": "a${i}" },`).join("")} { "path": "a", "nmae": 1, "name": "b" }] }`);
    for (const line of message.split("\n")) expect(line.length).toBeLessThan(200);
    expect(message).toContain("…");
    expect(message).toContain('"nmae": •');
  });
});
