// The same app with Hono on node:http, as people run it.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import app from "./worker.js";

const [port, peers] = process.argv.slice(2);
const require = createRequire(`${peers}/package.json`);
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const { Hono } = await load("hono");
const { serve } = await load("@hono/node-server");
const hono = new Hono();
hono.get("/hello", (c) => c.text("Hello"));
hono.post("/json", async (c) => {
  const body = await c.req.json();
  return c.json({ ...body, count: body.items.length, sum: body.items.reduce((sum, item) => sum + item.value, 0) });
});
hono.get("/head/:id", (c) => c.text(`${c.req.header("user-agent")} ${c.req.param("id")}`));
hono.get("/stream", (c) => app.fetch(c.req.raw));
serve({ fetch: hono.fetch, port: Number(port), hostname: "127.0.0.1" });
