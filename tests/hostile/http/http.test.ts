import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { framingCases, type HostileCase, hostAndTargetCases, methodCases, versionAndSyntaxCases } from "./cases.ts";
import { exchange, seenBy, sendAndLeave } from "./raw-client.ts";
import { openTarget, type Target } from "./target.ts";

const target: Target = openTarget();
const ok = "GET /ok HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n";
let callsBefore: number | null = 0;

beforeAll(async () => {
  expect((await exchange(target.port, ok, null)).statuses).toEqual([200]);
});

afterAll(async () => {
  await target[Symbol.asyncDispose]();
});

async function attack(hostile: HostileCase): Promise<void> {
  callsBefore = target.calls();
  const answers = hostile.closes ? null : (hostile.statuses[0] ?? []).filter((status) => status >= 200).length;
  const reply = await exchange(target.port, hostile.send, answers);
  const wanted = hostile.closes ? hostile.statuses : hostile.statuses.map((list) => [...list, 200]);
  expect(wanted.map(String)).toContain(String(reply.statuses));
  expect(reply.closed).toBe(true);
  if (hostile.code !== undefined) expect(reply.text.toLowerCase()).toContain(`x-nano-error: ${hostile.code}\r\n`);
  if (hostile.sees !== undefined) expect(seenBy(reply)).toMatchObject(hostile.sees);
  for (const absent of hostile.seesNot ?? []) expect(JSON.stringify(seenBy(reply))).not.toContain(absent);
  if (callsBefore !== null) expect(target.calls()).toBe(callsBefore + hostile.calls + (hostile.closes ? 0 : 1));
  expect((await exchange(target.port, ok, null)).statuses).toEqual([200]);
}

const groups: [string, readonly HostileCase[]][] = [
  ["host and target", hostAndTargetCases(target.limits)],
  ["version, junk and header syntax", versionAndSyntaxCases(target.limits)],
  ["framing", framingCases(target.limits)],
  ["methods", methodCases()],
];
for (const [name, cases] of groups)
  describe(name, () => {
    for (const hostile of cases) test(`${hostile.id} ${hostile.what}`, () => attack(hostile));
  });

describe("answers", () => {
  test("H16 unknown hosts cannot be told apart", async () => {
    const replies = await Promise.all(["a.test", "zz.app.test", "xn--a.example"].map((host) => exchange(target.port, `GET /x HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`, null)));
    const masked = replies.map(({ text }) => text.replaceAll(/[\da-f]{8}-[\da-f-]{27}/g, "id").replace(/date: .*/i, "date"));
    expect(new Set(masked).size).toBe(1);
    expect(masked[0]).toContain('{"error":"unknown_host","request_id":"id"}');
  });

  test("H103 HEAD answers with the fields of GET and no body", async () => {
    const fields = async (method: string): Promise<string[]> => {
      const { text } = await exchange(target.port, `${method} /ok HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n`, null);
      const [head = "", body] = text.split("\r\n\r\n");
      if (method === "HEAD") expect(body).toBe("");
      const names = head.toLowerCase().split("\r\n").slice(1);
      return names.map((line) => (line.startsWith("date:") || line.startsWith("x-request-id:") ? line.slice(0, line.indexOf(":")) : line)).sort();
    };
    expect(await fields("HEAD")).toEqual(await fields("GET"));
  });
});

describe("disconnects", () => {
  const bytes = `POST /body HTTP/1.1\r\nHost: app.test\r\nContent-Length: 100\r\n\r\n${"a".repeat(99)}`;
  test("H104 a client that leaves at any byte leaves nothing behind", async () => {
    for (let part = 1; part <= 20; part++) await sendAndLeave(target.port, bytes.slice(0, Math.ceil((bytes.length * part) / 20)));
    for (let round = 0; round < 100 && (target.inFlight() ?? 0) > 0; round++) await exchange(target.port, ok, null);
    expect(target.inFlight() ?? 0).toBe(0);
  });
});
