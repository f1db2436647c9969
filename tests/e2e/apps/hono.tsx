import { Hono } from "hono";
import { cors } from "hono/cors";
import { stream } from "hono/streaming";

const app = new Hono<{ Bindings: { GREETING: string } }>();

app.use("*", cors());
app.use("*", async (c, next) => {
  await next();
  c.header("x-powered-by", "hono");
});
app.get("/", (c) => c.text(`${c.env.GREETING}, ${c.req.query("name") ?? "nobody"}`));
app.get("/users/:id", (c) => c.json({ id: c.req.param("id") }));
app.post("/echo", async (c) => c.json(await c.req.json(), 201));
app.get("/stream", (c) =>
  stream(c, async (out) => {
    for (let i = 0; i < 3; i++) await out.write(`part ${i}\n`);
  }),
);
app.onError((error, c) => c.text(`handled: ${error.message}`, 500));
app.get("/fails", () => {
  throw new Error("on purpose");
});

export default app;
