import { expect, test } from "bun:test";
import { TrustedProxies } from "../../../src/ingress/forwarded.ts";

const proxies = new TrustedProxies(["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"]);

test("a proxy is known by its address or range, also when IPv4 arrives mapped into IPv6", () => {
  for (const address of ["10.1.2.3", "::ffff:10.1.2.3", "192.0.2.7", "2001:db8:1::1"]) expect(proxies.includes(address)).toBe(true);
  for (const address of ["11.0.0.1", "192.0.2.8", "2001:db9::1", "", "unix"]) expect(proxies.includes(address)).toBe(false);
});

test("the client is the last address that is no proxy of ours, whatever it claims to forward itself", () => {
  expect(proxies.clientOf("10.0.0.1", "6.6.6.6, 203.0.113.9, 10.0.0.2")).toBe("203.0.113.9");
  expect(proxies.clientOf("10.0.0.1", "203.0.113.9:4711")).toBe("203.0.113.9");
  expect(proxies.clientOf("10.0.0.1", "[2001:db9::1]:80")).toBe("2001:db9::1");
  expect(proxies.clientOf("10.0.0.1", "203.0.113.9, unknown")).toBe("10.0.0.1");
  expect(proxies.clientOf("10.0.0.1", "")).toBe("10.0.0.1");
});

test("a range that is none stops the start", () => {
  for (const wrong of ["10.0.0.0/33", "10.0.0.0/", "10.1", "proxy.test", "::/129", "10.0.0.0/-1"]) expect(() => new TrustedProxies([wrong])).toThrow(wrong);
});
