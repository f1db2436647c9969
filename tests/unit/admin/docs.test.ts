/** What docs/admin-api.md says is what there is. */
import { readFileSync } from "node:fs";
import { expect, test } from "bun:test";
import { operationErrors } from "../../../src/admin/operation-error.ts";
import { routes } from "../../../src/admin/routes/index.ts";

const DOCS = readFileSync(new URL("../../../docs/admin-api.md", import.meta.url), "utf8");

test("every route is in the docs, and every route in the docs is there", () => {
  const documented = [...DOCS.matchAll(/^\| `([A-Z]+)` \| (.+?) \|/gm)].flatMap(([, method = "", paths = ""]) => [...paths.matchAll(/`(\/[^`?]*)/g)].map(([, path]) => `${method} ${path}`));
  expect(documented.sort()).toEqual(routes.map(({ method, path }) => `${method.toUpperCase()} ${path}`).sort());
});

test("every code is in the docs with its status", () => {
  const documented = [...DOCS.matchAll(/^\| (\d{3}) \| (.+) \|$/gm)].flatMap(([, status, codes = ""]) => [...codes.matchAll(/`([a-z_]+)`/g)].map(([, code]) => `${code} ${status}`));
  for (const [code, { status }] of Object.entries(operationErrors)) expect(documented).toContain(`${code} ${status}`);
});
