import { app, beforeEach, describe, expect, test } from "nano:test";

beforeEach(() => app.restart());

const add = (body: unknown) => app.fetch("/notes", { method: "POST", body: JSON.stringify(body) });

describe("notes", () => {
  test("a note that was added can be read and removed", async () => {
    const added = await add({ text: "milk" });
    expect(added.status).toBe(201);
    const { id } = (await added.json()) as { id: string };
    expect(await (await app.fetch(`/notes/${id}`)).json()).toEqual({ id, text: "milk" });
    expect((await app.fetch(`/notes/${id}`, { method: "DELETE" })).status).toBe(204);
    expect((await app.fetch(`/notes/${id}`)).status).toBe(404);
  });

  test.each([[{}], [{ text: "" }], [{ text: 1 }], [null]])("%j is no note", async (body) => {
    expect((await add(body)).status).toBe(400);
  });
});

test("the page shows notes as text", async () => {
  await add({ text: "<b>" });
  expect(await (await app.fetch("/")).text()).toContain("<li>&lt;b&gt;</li>");
});
