/** A hundred hot reloads under load; `scripts/reload-soak.ts` makes a thousand. */
import { expect, test } from "bun:test";
import { soak } from "../../scripts/reload-soak.ts";

test.each([2, 0])("a hundred reloads under load with --workers %d lose no request, and every answer is of exactly one revision", async (workers) => {
  const { failures, requests, revisions, descriptors } = await soak({ reloads: 100, workers });
  expect(failures).toEqual([]);
  expect(requests).toBeGreaterThan(100);
  expect(revisions).toBeGreaterThan(30);
  expect(descriptors.after - descriptors.before).toBeLessThan(20);
}, 120_000);
