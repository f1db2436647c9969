// The same app as a Hono user on Node writes it. Hono and its adapter come from the folder that the second argument names.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import app from "./worker.js";

const [port, peers] = process.argv.slice(2);
const { resolve } = createRequire(`${peers}/package.json`);
const load = (name) => import(pathToFileURL(resolve(name)).href);
const { Hono } = await load("hono");
const { serve } = await load("@hono/node-server");

const hono = new Hono();
hono.get("/hello", (c) => c.text("Hello"));
hono.post("/json", async (c) => {
  const body = await c.req.json();
  return c.json({ ...body, count: body.items.length, sum: body.items.reduce((sum, { value }) => sum + value, 0) });
});
hono.get("/head/:id", (c) => c.text(`${c.req.header("user-agent")} ${c.req.param("id")}`));
hono.get("/url/:id", (c) => c.text(`${c.req.header("user-agent")} ${new URL(c.req.url).pathname.slice(5)}`));
hono.get("/stream", (c) => app.fetch(c.req.raw));
serve({ fetch: hono.fetch, port: Number(port), hostname: "127.0.0.1" });
