import { expect, test } from "bun:test";
import { triggerOf } from "../../../src/apps/trigger.ts";

const NOW = 1_700_000_000_000;

test.each([
  ["http://localhost:3000/cdn-cgi/handler/scheduled", "* * * * *", NOW],
  ["http://a.test/cdn-cgi/handler/scheduled?cron=*/5+*+*+*+*&time=1234", "*/5 * * * *", 1234],
  ["https://[::1]:1/cdn-cgi/mf/scheduled?cron=0%200%20*%20*%20*&time=soon", "0 0 * * *", NOW],
])("%s calls scheduled()", (url, cron, timeMs) => {
  expect(triggerOf(url, NOW)).toEqual({ event: "scheduled", cron, timeMs });
});

test.each(["http://a.test/", "http://a.test/x?/cdn-cgi/handler/scheduled", "http://a.test/x/cdn-cgi/handler/scheduled", "http://a.test/cdn-cgi/handler/scheduled/", "http://a.test/cdn-cgi/handler/scheduledx"])("%s is a request like any other", (url) => {
  expect(triggerOf(url, NOW)).toBeNull();
});
