import { expect, test } from "bun:test";
import { Router } from "../../../src/ingress/router.ts";

test("an exact name wins over a wildcard, and a longer suffix over a shorter one", () => {
  const router = Router.from([
    { app: "wide", hosts: ["*.test"] },
    { app: "deep", hosts: ["*.eu.app.test"] },
    { app: "exact", hosts: ["a.eu.app.test", "App.Test."] },
  ]);
  expect(router.find("a.eu.app.test")).toBe("exact");
  expect(router.find("app.test")).toBe("exact");
  expect(router.find("b.c.eu.app.test")).toBe("deep");
  expect(router.find("eu.app.test")).toBe("wide");
  expect(router.find("test")).toBeNull();
});

test("a default app serves every host that nobody claims", () => {
  const router = Router.from([
    { app: "one", hosts: ["one.test"] },
    { app: "rest", hosts: [], isDefault: true },
  ]);
  expect(router.find("one.test")).toBe("one");
  expect(router.find("[::1]")).toBe("rest");
});

test("a table with two owners for one host is refused, in whatever spelling", () => {
  expect(() => Router.from([{ app: 1, hosts: ["a.test"] }, { app: 2, hosts: ["A.TEST."] }])).toThrow("claimed twice: a.test");
  expect(() => Router.from([{ app: 1, hosts: ["*.a.test", "*.A.test"] }])).toThrow("claimed twice");
  expect(() => Router.from([{ app: 1, hosts: [], isDefault: true }, { app: 2, hosts: [], isDefault: true }])).toThrow("two default apps");
  expect(() => Router.from([{ app: 1, hosts: ["a_b.test"] }])).toThrow("not a hostname");
});
