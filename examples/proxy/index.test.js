// The upstream is the test's own: nothing reaches the network.
import { app, expect, fn, test } from "nano:test";

test("shouts what the upstream says", async () => {
  const upstream = fn(() => new Response("quiet words", { status: 203, headers: { "content-type": "text/plain" } }));
  const response = await app.with({ fetch: upstream }).fetch("/page?a=1", { headers: { accept: "text/plain" } });
  expect([response.status, await response.text()]).toEqual([203, "QUIET WORDS"]);
  const [request] = upstream.mock.lastCall;
  expect([request.url, request.headers.get("accept")]).toEqual(["https://example.com/page?a=1", "text/plain"]);
});
