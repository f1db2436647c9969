import { Hono } from "hono";

export const items = new Hono();
items.get("/", (c) => c.json({ query: c.req.query(), all: c.req.queries("tag") ?? [] }));
items.get("/:id", (c) => c.json({ id: Number(c.req.param("id")) }));
items.post("/", async (c) => c.json({ created: await c.req.json() }, 201));
