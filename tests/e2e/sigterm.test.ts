import { expect, test } from "bun:test";
import { sigtermRounds } from "../../scripts/sigterm-rounds.ts";

test("SIGTERM under load loses no request that was begun, and nano exits in time (50 rounds: bun scripts/sigterm-rounds.ts)", async () => {
  const { answered, failures } = await sigtermRounds(4);
  expect(failures).toEqual([]);
  expect(answered).toBeGreaterThan(100);
}, 60_000);
