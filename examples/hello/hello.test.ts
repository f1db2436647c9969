// nano test examples/hello/hello.test.ts: `app` is the app of the same name.
import { app, expect, test } from "nano:test";

test("greets whoever asks", async () => {
  expect(await (await app.fetch("/?name=you")).text()).toBe("Hello, you!\n");
  expect(await (await app.with({ env: { GREETING: "Good day" } }).fetch("/")).text()).toBe("Good day, world!\n");
});

test("costs next to nothing", async () => {
  const { nano } = await app.fetch("/?name=you");
  expect(nano.fuel).toBeLessThan(50_000);
});
