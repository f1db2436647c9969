import { readFileSync } from "node:fs";
import { expect, test } from "bun:test";
import { configurationPage, PAGE } from "../../../scripts/configuration-page.ts";
import { WRANGLER_PAGE, wranglerPage } from "../../../scripts/wrangler-page.ts";
import { limits } from "../../../src/limits.ts";

test("docs/configuration.md is what the schema and the limits say (else: bun scripts/configuration-page.ts)", () => {
  expect(readFileSync(PAGE, "utf8")).toBe(configurationPage());
});

test("docs/wrangler.md is what the catalogue of keys says (else: bun scripts/wrangler-page.ts)", () => {
  expect(readFileSync(WRANGLER_PAGE, "utf8")).toBe(wranglerPage());
});

test("every limit and every key is in it", () => {
  const page = configurationPage();
  for (const key of [...Object.keys(limits).filter((key) => key !== "process_memory_mb"), "server.memory_mb", "server.drain_delay_ms", "server.reserved_paths", "log.format", "egress.allow", "required_env", "secrets"]) expect(page).toContain(`| \`${key}\` |`);
});
