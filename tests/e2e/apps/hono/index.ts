import { Hono } from "hono";
import { cors } from "hono/cors";
import { HTTPException } from "hono/http-exception";
import { logger } from "hono/logger";
import { stream, streamSSE } from "hono/streaming";
import { secureHeaders } from "hono/secure-headers";
import { items } from "./items.ts";

const app = new Hono<{ Bindings: { GREETING: string }; Variables: { startedAt: number } }>();

app.use(logger());
app.use(secureHeaders());
app.use("/api/*", cors({ origin: "http://shop.test" }));
app.use(async (c, next) => {
  c.set("startedAt", 1);
  await next();
  c.header("x-handled", String(c.get("startedAt")));
});

app.get("/", (c) => c.text(`${c.env.GREETING}, world`));
app.get("/page/:name{[a-z]+}", (c) => c.html(`<p>${c.req.param("name")}</p>`));
app.route("/api/items", items);
app.get("/stream", (c) =>
  stream(c, async (out) => {
    for (let i = 0; i < 5; i++) {
      await out.writeln(`line ${i}`);
      await out.sleep(2);
    }
  }),
);
app.get("/events", (c) =>
  streamSSE(c, async (out) => {
    for (let id = 0; id < 3; id++) await out.writeSSE({ event: "tick", data: JSON.stringify({ id }), id: String(id) });
  }),
);
app.post("/form", async (c) => {
  const form = await c.req.parseBody();
  const file = form["file"];
  return c.json({ text: form["text"], file: file instanceof File ? { name: file.name, type: file.type, text: await file.text() } : null });
});
app.get("/wait-until", (c) => {
  c.executionCtx.waitUntil(Promise.resolve().then(() => console.log("after the answer")));
  return c.body(null, 204);
});
app.get("/forbidden", () => {
  throw new HTTPException(403, { message: "not for you" });
});
app.onError((error, c) => (error instanceof HTTPException ? error.getResponse() : c.json({ error: error.message }, 500)));
app.get("/broken", () => {
  throw new TypeError("broken");
});
app.notFound((c) => c.json({ missing: c.req.path }, 404));

export default app;
