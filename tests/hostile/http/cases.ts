/** What abusive clients send, as data: H01–H30 and H33–H88 and H101–H103 of the hostile suite. A `bun` note marks what Bun's parser answers, and pins it. */

export interface HostileCase {
  readonly id: string;
  readonly what: string;
  /** Latin-1 bytes. */
  readonly send: string;
  /** Statuses of all answers, interim ones included. Several lists: any of them. */
  readonly statuses: readonly (readonly number[])[];
  /** The connection ends by itself. Otherwise it must serve one more request. */
  readonly closes: boolean;
  /** How often an app may run. */
  readonly calls: number;
  readonly code?: string;
  /** What the app must see of the (first) request. */
  readonly sees?: { readonly method?: string; readonly url?: string; readonly bodyBytes?: number };
  readonly seesNot?: readonly string[];
  /** Why the answer is Bun's, or why it is not the one wished for. */
  readonly bun?: string;
}

/** The limits that the server under test is configured with. */
export interface SuiteLimits {
  readonly urlBytes: number;
  readonly headerTotalBytes: number;
  readonly headerCount: number;
  readonly bodyBytes: number;
}

const parser = "Bun's parser answers, before any handler";

function head(line: string, fields: readonly string[] = ["Host: app.test"]): string {
  return `${line} HTTP/1.1\r\n${fields.map((field) => `${field}\r\n`).join("")}\r\n`;
}

const get = (target: string, fields?: readonly string[]): string => head(`GET ${target}`, fields);
const post = (fields: readonly string[], body: string, method = "POST"): string => head(`${method} /body`, ["Host: app.test", ...fields]) + body;
const chunked = (body: string, method?: string): string => post(["Transfer-Encoding: chunked"], body, method);
const byHost = (host: string): string => get("/x", [`Host: ${host}`]);

function refused(id: string, what: string, send: string, status: number, code: string): HostileCase {
  return { id, what, send, statuses: [[status]], closes: true, calls: 0, code };
}

function serverRefuses(id: string, what: string, send: string, statuses: readonly (readonly number[])[] = [[400]], calls = 0): HostileCase {
  return { id, what, send, statuses, closes: true, calls, bun: parser };
}

function served(id: string, what: string, send: string, sees?: HostileCase["sees"], seesNot?: readonly string[]): HostileCase {
  return { id, what, send, statuses: [[200]], closes: false, calls: 1, ...(sees === undefined ? {} : { sees }), ...(seesNot === undefined ? {} : { seesNot }) };
}

function unknown(id: string, host: string): HostileCase {
  return { id, what: `host ${host} is nobody's`, send: byHost(host), statuses: [[404]], closes: false, calls: 0, code: "unknown_host" };
}

export function hostAndTargetCases(limits: SuiteLimits): HostileCase[] {
  const long = (bytes: number): string => `/${"a".repeat(bytes - 1)}`;
  return [
    serverRefuses("H01", "no Host in 1.1", "GET /x HTTP/1.1\r\n\r\n"),
    refused("H02", "no Host in 1.0", "GET /x HTTP/1.0\r\n\r\n", 400, "bad_host"),
    refused("H03", "two Hosts", get("/x", ["Host: app.test", "Host: evil.test"]), 400, "bad_host"),
    refused("H03", "the same Host twice", get("/x", ["Host: app.test", "Host: app.test"]), 400, "bad_host"),
    refused("H04", "an empty Host", byHost(""), 400, "bad_host"),
    refused("H05", "userinfo in Host", byHost("u@app.test"), 400, "bad_host"),
    refused("H06", "a path in Host", byHost("app.test/evil"), 400, "bad_host"),
    refused("H07", "a space in Host", byHost("app.test evil"), 400, "bad_host"),
    served("H08", "case, trailing dot and port do not matter", byHost("APP.Test.:80"), { url: "http://app.test/x" }),
    refused("H09", "a port above 65535", byHost("app.test:99999"), 400, "bad_host"),
    refused("H09", "a port that is no number", byHost("app.test:8o"), 400, "bad_host"),
    refused("H10", "bytes above 0x7f in Host", byHost("app\xe9.test"), 400, "bad_host"),
    refused("H11", "a list in Host", byHost("app.test, evil"), 400, "bad_host"),
    { ...served("H12", "an absolute target for another host", get("http://evil.test/x"), { url: "http://app.test/x" }), bun: "Bun drops the target's authority unseen: the Host field alone decides, for route and URL alike" },
    { ...served("H13", "an https target on a plain listener", get("https://evil.test/x"), { url: "http://app.test/x" }), bun: "as H12" },
    serverRefuses("H13", "a target with another scheme", get("ftp://evil.test/x")),
    refused("H14", "CONNECT", head("CONNECT app.test:443", ["Host: app.test:443"]), 405, "method_not_allowed"),
    { ...serverRefuses("H15", "OPTIONS *", head("OPTIONS *")), bun: "Bun refuses every target without a leading slash" },
    unknown("H16", "other.test"),
    unknown("H16", "sub.app.test"),
    refused("H17", "a Host of 254 characters", byHost(`${"a.".repeat(125)}test`), 400, "bad_host"),
    served("H18", "a configured punycode name", byHost("xn--bcher-kva.test"), { url: "http://xn--bcher-kva.test/x" }),
    unknown("H18", "xn--80ak6aa92e.test"),
    refused("H18", "the same name as UTF-8", byHost("b\xc3\xbccher.test"), 400, "bad_host"),
    refused("H19", "an underscore in Host", byHost("_x.test"), 400, "bad_host"),
    unknown("H20", "127.0.0.1"),
    unknown("H20", "localhost"),
    unknown("H20", "[::1]"),
    serverRefuses("H21", "a target without a slash", get("x")),
    served("H22", "a double slash stays a path", get("//evil.test/x"), { url: "http://app.test//evil.test/x" }),
    serverRefuses("H23", "a target that starts with a backslash", get("\\evil.test\\x")),
    served("H23", "backslashes further on", get("/a\\b"), { url: "http://app.test/a/b" }),
    served("H24", "dot segments", get("/../../etc/passwd"), { url: "http://app.test/etc/passwd" }),
    served("H25", "an encoded NUL", get("/a%00b"), { url: "http://app.test/a%00b" }),
    serverRefuses("H26", "a raw NUL", get("/a\0b"), [[505], [400]]),
    served("H27", "a broken escape", get("/%zz"), { url: "http://app.test/%zz" }),
    refused("H28", "a raw byte that is no UTF-8", get("/a\x80"), 400, "bad_request"),
    serverRefuses("H29", "a space in the target", get("/a b"), [[505], [400]]),
    refused("H30", "a fragment", get("/a#b"), 400, "bad_request"),
    served("H31", "a URL at the limit", get(long(limits.urlBytes))),
    refused("H31", "a URL one byte above the limit", get(long(limits.urlBytes + 1)), 414, "uri_too_long"),
    serverRefuses("H32", "a URL of 70 KB", get(long(70_000)), [[431]]),
  ];
}

export function versionAndSyntaxCases(limits: SuiteLimits): HostileCase[] {
  const version = (text: string): string => `GET /x ${text}\r\nHost: app.test\r\n\r\n`;
  const field = (text: string): string => `GET /x HTTP/1.1\r\nHost: app.test\r\n${text}\r\n\r\n`;
  const fields = (count: number): string => get("/x", ["Host: app.test", ...Array.from({ length: count - 1 }, (_, at) => `x-${at}: y`)]);
  const odd: readonly (readonly number[])[] = [[505], [400], []];
  return [
    serverRefuses("H33", "HTTP/0.9", "GET /x\r\n\r\n", odd),
    serverRefuses("H34", "HTTP/1.2", version("HTTP/1.2"), odd),
    serverRefuses("H35", "HTTP/2.0 as text", version("HTTP/2.0"), odd),
    serverRefuses("H36", "HTTP/9.9", version("HTTP/9.9"), odd),
    serverRefuses("H37", "the HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", odd),
    serverRefuses("H38", "a TLS hello", "\x16\x03\x01\x00\xf4\x01\x00\x00\xf0\x03\x03\r\n\r\n", odd),
    serverRefuses("H39", "binary", "\x00\xff\x00\xff\r\n\r\n", odd),
    serverRefuses("H40", "a PROXY line", "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nGET /x HTTP/1.1\r\nHost: app.test\r\n\r\n", odd),
    serverRefuses("H41", "two leading CRLF", `\r\n\r\n${get("/x")}`),
    serverRefuses("H41", "a thousand leading CRLF", `${"\r\n".repeat(1000)}${get("/x")}`),
    serverRefuses("H42", "bare LF", "GET /x HTTP/1.1\nHost: app.test\n\n", odd),
    serverRefuses("H43", "a bare CR in a value", field("x: a\rb")),
    serverRefuses("H44", "a NUL in a value", field("x: a\0b")),
    serverRefuses("H45", "a space before the colon", field("x : a")),
    serverRefuses("H46", "a folded field", field("x: a\r\n b")),
    serverRefuses("H47", "a field without a colon", field("x")),
    serverRefuses("H48", "a field without a name", field(": a")),
    served("H49", "as many fields as allowed", fields(limits.headerCount)),
    refused("H49", "one field more", fields(limits.headerCount + 1), 431, "headers_too_large"),
    { ...serverRefuses("H49", "a thousand fields", fields(1000), [[431]]), bun: "Bun stops at 198 fields" },
    refused("H50", "more bytes of fields than allowed", get("/x", ["Host: app.test", `a: ${"y".repeat(limits.headerTotalBytes / 2 - 60)}`, `b: ${"y".repeat(limits.headerTotalBytes / 2 + 60)}`]), 431, "headers_too_large"),
    served("H51", "an underscore spelling of a forwarding field", get("/x", ["Host: app.test", "X_Forwarded_For: 6.6.6.6", "X-Forwarded-For: 7.7.7.7"]), {}, ["6.6.6.6", "7.7.7.7"]),
    served("H52", "a client that claims to be a proxy", get("/x", ["Host: app.test", "X-Forwarded-Proto: https", "X-Forwarded-Host: evil.test", "Forwarded: for=6.6.6.6", "CF-Connecting-IP: 6.6.6.6", "x-nano-app: evil"]), { url: "http://app.test/x" }, ["6.6.6.6", "evil"]),
  ];
}

export function framingCases(limits: SuiteLimits): HostileCase[] {
  const length = (value: string, body = "abcde"): string => post([`Content-Length: ${value}`], body);
  const coding = (value: string): string => post([`Transfer-Encoding:${value}`], "0\r\n\r\n");
  const bad = (id: string, what: string, body: string): HostileCase => ({ ...serverRefuses(id, what, chunked(body), [[400]], 1), bun: "Bun answers; the handler's read of the body fails" });
  const small = get("/smuggled");
  const whole = (id: string, method: string, send: string): HostileCase => ({ ...served(id, `${method} with a body that looks like a request`, send), bun: "Bun skips bodies that the method gives no meaning" });
  const expectation = (fields: readonly string[], body: string): string => post(fields, body);
  return [
    serverRefuses("H53", "both Content-Length and chunked", post(["Content-Length: 5", "Transfer-Encoding: chunked"], "0\r\n\r\n")),
    serverRefuses("H54", "chunked and then Content-Length, with a request inside", post(["Transfer-Encoding: chunked", "Content-Length: 4"], `0\r\n\r\n${small}`)),
    serverRefuses("H55", "two lengths that differ", post(["Content-Length: 5", "Content-Length: 6"], "abcdef")),
    serverRefuses("H56", "a list of lengths", length("5, 5")),
    serverRefuses("H57", "a length with a plus", length("+5")),
    serverRefuses("H58", "a negative length", length("-1")),
    serverRefuses("H59", "a hexadecimal length", length("0x5")),
    serverRefuses("H60", "a length above 2^64", length("18446744073709551617")),
    serverRefuses("H61", "an empty length", length("")),
    refused("H62", "two equal lengths", post(["Content-Length: 5", "Content-Length: 5"], "abcde"), 400, "bad_request"),
    ...["xchunked", "identity", "chunked, identity", "gzip, chunked", "chunked, chunked", "\vchunked"].map((value, at) => serverRefuses(`H${63 + at}`, `Transfer-Encoding ${JSON.stringify(value)}`, coding(` ${value}`))),
    serverRefuses("H69", "chunked in 1.0", "POST /body HTTP/1.0\r\nHost: app.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    served("H70", "a tab before chunked", post(["Transfer-Encoding:\tchunked"], "3\r\nabc\r\n0\r\n\r\n"), { bodyBytes: 3 }),
    bad("H71", "a chunk size that is no number", `3\r\nabc\r\nzz\r\n${small}`),
    bad("H71", "a negative chunk size", `-1\r\n${small}`),
    bad("H71", "a chunk size with a prefix", `0x5\r\nabcde\r\n0\r\n\r\n${small}`),
    bad("H71", "a chunk size that overflows", `fffffffffffffffff\r\n${small}`),
    bad("H72", "chunks ended by LF alone", `3\nabc\n0\n\n${small}`),
    bad("H73", "a LF in a chunk extension", `3;\n\r\nabc\r\n0\r\n\r\n${small}`),
    bad("H74", "a chunk longer than its size", `3\r\nabcd\r\n0\r\n\r\n${small}`),
    { ...serverRefuses("H75", "a chunk extension of 20 KB", chunked(`3;${"a".repeat(20_000)}\r\nabc\r\n0\r\n\r\n`), [[413], [400]], 1), bun: "Bun answers; the handler's read of the body fails" },
    served("H76", "100,000 chunks of one byte", chunked(`${"1\r\na\r\n".repeat(100_000)}0\r\n\r\n`), { bodyBytes: 100_000 }),
    { id: "H77", what: "trailers that look like fields", send: chunked(`3\r\nabc\r\n0\r\nContent-Length: 5\r\nHost: evil.test\r\n\r\n${small}`), statuses: [[200, 400], [400]], closes: true, calls: 1, seesNot: ["evil"], bun: "Bun reads no trailers: it refuses what follows the last chunk" },
    { id: "H78", what: "junk after the last chunk", send: chunked(`0\r\nXX${small}`), statuses: [[200, 400], [400]], closes: true, calls: 1, bun: parser },
    whole("H79", "GET", post([`Content-Length: ${small.length}`], small, "GET")),
    whole("H80", "HEAD", post([`Content-Length: ${small.length}`], small, "HEAD")),
    whole("H81", "chunked GET", chunked("3\r\nabc\r\n0\r\n\r\n", "GET")),
    whole("H82", "DELETE", post([`Content-Length: ${small.length}`], small, "DELETE")),
    whole("H83", "OPTIONS", post([`Content-Length: ${small.length}`], small, "OPTIONS")),
    { id: "H84", what: "an ignored body, and a request behind it", send: `${head("POST /ignore", ["Host: app.test", `Content-Length: ${limits.bodyBytes}`])}${"a".repeat(limits.bodyBytes)}${get("/ok")}`, statuses: [[200, 200]], closes: false, calls: 2 },
    ...["websocket", "h2c"].map((protocol): HostileCase => ({ id: "H85", what: `an upgrade to ${protocol}, and a request behind it`, send: get("/x", ["Host: app.test", "Connection: Upgrade", `Upgrade: ${protocol}`]) + get("/ok"), statuses: [[200, 200]], closes: false, calls: 2 })),
    { id: "H86", what: "an expectation of 100", send: expectation(["Expect: 100-continue", "Content-Length: 3"], "abc"), statuses: [[100, 200]], closes: false, calls: 1, sees: { bodyBytes: 3 } },
    served("H87", "an unknown expectation", expectation(["Expect: junk", "Content-Length: 3"], "abc"), { bodyBytes: 3 }),
    { id: "H88", what: "an expectation, and a body above the limit", send: expectation(["Expect: 100-continue", `Content-Length: ${limits.bodyBytes + 1}`], ""), statuses: [[100, 413]], closes: true, calls: 0, code: "payload_too_large", bun: "Bun sends 100 by itself before anything else is asked; the 413 follows without reading the body" },
    refused("H89", "a body above the limit, by its length", post([`Content-Length: ${limits.bodyBytes + 1}`], "abc"), 413, "payload_too_large"),
    { id: "H89", what: "a body above the limit, in chunks", send: chunked(`${(limits.bodyBytes + 1).toString(16)}\r\n${"a".repeat(limits.bodyBytes + 1)}\r\n`), statuses: [[413]], closes: true, calls: 1, code: "payload_too_large" },
  ];
}

export function methodCases(): HostileCase[] {
  const silent: readonly (readonly number[])[] = [[], [501]];
  return [
    refused("H101", "TRACE", head("TRACE /x"), 405, "method_not_allowed"),
    refused("H102", "a method that we do not serve", head("M-SEARCH /x"), 501, "not_implemented"),
    serverRefuses("H102", "a method that is none", head("FOO /x"), silent),
    serverRefuses("H102", "a method in lower case", head("get /x"), silent),
    serverRefuses("H102", "a method of 10 KB", head(`${"A".repeat(10_000)} /x`), silent),
  ];
}
