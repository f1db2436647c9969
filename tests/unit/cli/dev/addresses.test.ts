import { expect, test } from "bun:test";
import type { NetworkInterfaceInfo } from "node:os";
import { reachable } from "../../../../src/cli/dev/addresses.ts";

const one = (address: string, family: "IPv4" | "IPv6", internal = false) => ({ address, family, internal, netmask: "", mac: "", cidr: null, ...(family === "IPv6" ? { scopeid: 0 } : {}) }) as NetworkInterfaceInfo;
const INTERFACES = { lo: [one("127.0.0.1", "IPv4", true), one("::1", "IPv6", true)], eth0: [one("192.168.1.5", "IPv4"), one("2001:db8::5", "IPv6"), one("fe80::1", "IPv6")] };

test("a server that listens for everybody is reached by every address of the machine that others can use", () => {
  expect(reachable("http", { host: "0.0.0.0", port: 3000 }, INTERFACES)).toEqual({ local: "http://localhost:3000/", network: ["http://192.168.1.5:3000/"] });
  expect(reachable("https", { host: "::", port: 1 }, INTERFACES)).toEqual({ local: "https://localhost:1/", network: ["https://192.168.1.5:1/", "https://[2001:db8::5]:1/"] });
});

test("a server that listens on one address is reached by that", () => {
  expect(reachable("http", { host: "127.0.0.1", port: 3000 }, INTERFACES)).toEqual({ local: "http://localhost:3000/", network: [] });
  expect(reachable("http", { host: "192.168.1.5", port: 80 }, INTERFACES)).toEqual({ local: "http://192.168.1.5:80/", network: [] });
  expect(reachable("http", { host: "2001:db8::5", port: 80 }, INTERFACES)).toEqual({ local: "http://[2001:db8::5]:80/", network: [] });
});
