import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Redaction } from "../../../src/base/redaction.ts";

const SECRET = 'p/ss w0rd+"ß';
const redaction = new Redaction([SECRET]);

describe("a secret in text", () => {
  test.each([
    ["itself", SECRET],
    ["in JSON", JSON.stringify({ key: SECRET })],
    ["in JSON that escapes slashes", JSON.stringify(SECRET).replaceAll("/", "\\/")],
    ["in a URL", `https://x.test/?key=${encodeURIComponent(SECRET)}`],
    ["in a form", `key=${encodeURIComponent(SECRET).replaceAll("%20", "+")}`],
    ["in Base64", Buffer.from(SECRET).toString("base64")],
    ["in the Base64 of Basic authentication", `Basic ${Buffer.from(`user:${SECRET}`).toString("base64")}`],
    ["in base64url", Buffer.from(`a${SECRET}`).toString("base64url")],
  ])("%s is taken out", (_, text) => {
    expect(redaction.apply(`before ${text} after`)).toContain("[redacted]");
    expect(redaction.apply(text).length).toBeLessThan(text.length + 10);
    for (const form of [SECRET, "w0rd", Buffer.from("w0rd+").toString("base64").slice(0, 4)]) expect(redaction.apply(text)).not.toContain(form);
  });

  test("goes in whole where one is the beginning of another", () => {
    expect(new Redaction(["password", "password-and-more"]).apply("password-and-more, password")).toBe("[redacted], [redacted]");
  });

  test("goes in part where the text was cut in the middle of it", () => {
    const cut = new Redaction(["hunter2-hunter3"]);
    expect(cut.applyToCut("it is hunter2-hun")).toBe("it is [redacted]");
    expect(cut.applyToCut("hunter2-hunter2-")).toBe("hunter2-[redacted]");
    expect(cut.applyToCut("the hunter")).toBe("the [redacted]");
    expect(cut.applyToCut("it is hun")).toBe("it is hun");
    expect(cut.applyToCut("hunter2-hun is not cut")).toBe("hunter2-hun is not cut");
  });

  test("is found at any place in Base64 of anything around it", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 9 }), fc.string({ minLength: 8, maxLength: 40, unit: "grapheme" }), fc.uint8Array({ maxLength: 9 }), (before, secret, after) => {
        const text = Buffer.concat([before, Buffer.from(secret), after]).toString("base64");
        expect(new Redaction([secret]).apply(text)).toContain("[redacted]");
      }),
    );
  });

  test("text without it stays as it is", () => {
    fc.assert(fc.property(fc.string(), (text) => expect(redaction.apply(text)).toBe(text)));
  });
});
