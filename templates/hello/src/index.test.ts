import { app, describe, expect, test } from "nano:test";

describe("hello", () => {
  test("greets the world", async () => {
    const response = await app.fetch("/");
    expect(response.status).toBe(200);
    expect(await response.text()).toBe("Hello, world!\n");
  });

  test("greets whoever is named, in the words of the config", async () => {
    const response = await app.with({ env: { GREETING: "Good morning" } }).fetch("/?name=Ada");
    expect(await response.text()).toBe("Good morning, Ada!\n");
  });
});
