import { describe, expect, test } from "bun:test";
import { addressKind, isNamedWithPort, isPermitted, literalAddress } from "../../../../../src/web/fetch/host/egress/address-policy.ts";

const may = (hostname: string, port: number, address: string, allow: readonly string[] = [], allowsPrivate = false): boolean => isPermitted({ allow, allowsPrivate }, hostname, port, address);

describe("an address", () => {
  // Each range with the address before it and the one after it, and what those are.
  test.each([
    ["0.0.0.0", "0.255.255.255", "never", null, "1.0.0.0"],
    ["10.0.0.0", "10.255.255.255", "private", "9.255.255.255", "11.0.0.0"],
    ["100.64.0.0", "100.127.255.255", "private", "100.63.255.255", "100.128.0.0"],
    ["127.0.0.0", "127.255.255.255", "private", "126.255.255.255", "128.0.0.0"],
    ["169.254.0.0", "169.254.255.255", "metadata", "169.253.255.255", "169.255.0.0"],
    ["172.16.0.0", "172.31.255.255", "private", "172.15.255.255", "172.32.0.0"],
    ["192.0.0.0", "192.0.0.255", "never", "191.255.255.255", "192.0.1.0"],
    ["192.0.2.0", "192.0.2.255", "never", "192.0.1.255", "192.0.3.0"],
    ["192.88.99.0", "192.88.99.255", "never", "192.88.98.255", "192.88.100.0"],
    ["192.168.0.0", "192.168.255.255", "private", "192.167.255.255", "192.169.0.0"],
    ["198.18.0.0", "198.19.255.255", "never", "198.17.255.255", "198.20.0.0"],
    ["198.51.100.0", "198.51.100.255", "never", "198.51.99.255", "198.51.101.0"],
    ["203.0.113.0", "203.0.113.255", "never", "203.0.112.255", "203.0.114.0"],
    ["224.0.0.0", "255.255.255.255", "never", "223.255.255.255", null],
    ["168.63.129.16", "168.63.129.16", "metadata", "168.63.129.15", "168.63.129.17"],
    ["2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "never", "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::"],
    ["2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "never", "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:200::"],
    ["2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "never", "2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2003::"],
    ["3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "never", "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff:1000::"],
  ] as const)("from %s to %s is %s, and its neighbours are public", (first, last, kind, before, after) => {
    expect([addressKind(first), addressKind(last)]).toEqual([kind, kind]);
    for (const neighbour of [before, after]) if (neighbour !== null) expect([neighbour, addressKind(neighbour)]).toEqual([neighbour, "public"]);
  });

  test.each([
    ["the last one before global unicast", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "never"],
    ["the first global unicast one", "2000::", "public"],
    ["the last global unicast one", "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "public"],
    ["the first one after global unicast", "4000::", "never"],
    ["unspecified", "::", "never"],
    ["loopback", "::1", "private"],
    ["IPv4-compatible", "::7f00:1", "never"],
    ["IPv4-mapped loopback", "::ffff:127.0.0.1", "never"],
    ["IPv4-mapped public", "::ffff:8.8.8.8", "never"],
    ["IPv4-translated", "::ffff:0:8.8.8.8", "never"],
    ["NAT64", "64:ff9b::8.8.8.8", "never"],
    ["local NAT64", "64:ff9b:1::7f00:1", "never"],
    ["6to4 of a private one", "2002:c0a8:1::", "never"],
    ["the last one before unique local", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "never"],
    ["the first unique local one", "fc00::", "private"],
    ["the last unique local one", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "private"],
    ["EC2's metadata over IPv6", "fd00:ec2::254", "metadata"],
    ["the first link-local one", "fe80::", "metadata"],
    ["link-local with a zone", "fe80::1%eth0", "metadata"],
    ["the last link-local one", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "metadata"],
    ["site-local", "fec0::1", "never"],
    ["multicast", "ff02::1", "never"],
    ["Alibaba's metadata", "100.100.100.200", "metadata"],
    ["no address at all", "localhost", "never"],
    ["an old spelling", "0x7f.1", "never"],
    ["nothing", "", "never"],
  ])("that is %s (%s) is %s", (_what, address, kind) => {
    expect(addressKind(address)).toBe(kind as never);
  });
});

describe("the allow list", () => {
  test("lets development reach private networks, though no metadata service", () => {
    expect(["127.0.0.1", "::1", "10.1.2.3", "fd12::1"].map((address) => may("app.test", 80, address, [], true))).toEqual([true, true, true, true]);
    expect(["169.254.169.254", "fd00:ec2::254", "168.63.129.16", "0.0.0.0", "::ffff:7f00:1"].map((address) => may("app.test", 80, address, [], true))).toEqual([false, false, false, false, false]);
  });

  test("names a host for every port, or for one", () => {
    expect(may("db.internal", 5000, "10.0.0.9", ["db.internal"])).toBe(true);
    expect(may("db.internal.", 5000, "10.0.0.9", ["db.internal"])).toBe(true);
    expect(may("db.internal", 8080, "10.0.0.9", ["db.internal:8080"])).toBe(true);
    expect(may("db.internal", 8081, "10.0.0.9", ["db.internal:8080"])).toBe(false);
    expect(may("x.db.internal", 80, "10.0.0.9", ["db.internal"])).toBe(false);
    expect(may("evil.test", 80, "10.0.0.9", ["db.internal"])).toBe(false);
  });

  test("never lets a name lead to what is no host", () => {
    expect(["0.0.0.0", "224.0.0.1", "::ffff:127.0.0.1"].map((address) => may("db.internal", 80, address, ["db.internal"]))).toEqual([false, false, false]);
  });

  test("never lets a name lead to a metadata service, with a port or without", () => {
    for (const address of ["169.254.169.254", "169.254.1.1", "fe80::1", "fd00:ec2::254", "100.100.100.200"]) {
      expect([may("db.internal", 80, address, ["db.internal"]), may("db.internal", 80, address, ["db.internal:80"], true)]).toEqual([false, false]);
    }
    expect([may("db.internal", 80, "169.254.169.254", ["169.254.0.0/16"]), may("[fd00:ec2::254]", 80, "fd00:ec2::254", ["fd00:ec2::254/128"]), may("[fe80::1]", 80, "fe80::1", ["fe80::/10"])]).toEqual([true, true, true]);
  });

  test("names addresses and ranges, whatever name leads there", () => {
    expect(may("db.internal", 80, "10.0.0.9", ["10.0.0.0/8"])).toBe(true);
    expect(may("db.internal", 80, "10.0.0.1", ["10.0.0.0/32"])).toBe(false);
    expect(may("db.internal", 80, "192.168.0.1", ["10.0.0.0/8"])).toBe(false);
    expect(may("169.254.169.254", 80, "169.254.169.254", ["169.254.169.254"])).toBe(true);
    expect(may("127.0.0.1", 8080, "127.0.0.1", ["127.0.0.1:8080"])).toBe(true);
    expect(may("127.0.0.1", 8081, "127.0.0.1", ["127.0.0.1:8080"])).toBe(false);
    expect(may("[::1]", 8080, "::1", ["[::1]:8080"])).toBe(true);
    expect(may("[::1]", 8080, "::1", ["::1"])).toBe(true);
    expect(may("[::1]", 8080, "::1", ["0.0.0.0/0"])).toBe(false);
    expect(may("[64:ff9b::1]", 80, "64:ff9b::1", ["64:ff9b::/96"])).toBe(true);
  });

  test("opens a blocked port only when it is named", () => {
    expect(isNamedWithPort({ allow: ["mail.internal:25"], allowsPrivate: false }, "mail.internal", 25)).toBe(true);
    expect(isNamedWithPort({ allow: ["mail.internal"], allowsPrivate: false }, "mail.internal", 25)).toBe(false);
  });
});

describe("a URL that spells a loopback address", () => {
  test.each([
    "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7F.1", "0177.0.0.1", "017700000001", "0x7f.0x0.0x0.0x1", "127.0.0.1.", "１２７.０.０.１", "127。0。0。1", "%31%32%37.0.0.1", "127.0.0.%31", "①②⑦.0.0.1",
    "[::1]", "[0:0:0:0:0:0:0:1]", "[::0001]", "[0000:0000::0001]",
  ])("as %s is recognised", (spelling) => {
    const { hostname } = new URL(`http://${spelling}/`);
    const address = literalAddress(hostname);
    expect(address).not.toBeNull();
    expect(addressKind(address as string)).toBe("private");
  });

  test.each(["[::ffff:127.0.0.1]", "[::FFFF:7F00:1]", "[::127.0.0.1]", "[64:ff9b::127.0.0.1]", "[2002:7f00:1::]", "[2001::1]", "0", "0.0.0.0", "[::]", "255.255.255.255", "4294967295", "0xe0000001"])("or nothing that may be reached, as %s, is denied", (spelling) => {
    const address = literalAddress(new URL(`http://${spelling}/`).hostname);
    expect(address).not.toBeNull();
    expect(may("x", 80, address as string, [], true)).toBe(false);
  });
});
