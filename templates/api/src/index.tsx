import { Hono } from "hono";
import { Notes } from "./notes.ts";

const notes = new Notes();
const app = new Hono<{ Bindings: Nano.Env }>();

app.get("/", (c) =>
  c.html(
    <html lang="en">
      <head>
        <title>{c.env.TITLE}</title>
      </head>
      <body>
        <h1>{c.env.TITLE}</h1>
        <ul>
          {notes.all().map(({ text }) => (
            <li>{text}</li>
          ))}
        </ul>
      </body>
    </html>,
  ),
);

app.get("/notes", (c) => c.json(notes.all()));

app.get("/notes/:id", (c) => {
  const note = notes.get(c.req.param("id"));
  return note === undefined ? c.json({ error: "there is no such note" }, 404) : c.json(note);
});

app.post("/notes", async (c) => {
  const body: unknown = await c.req.json().catch(() => null);
  if (typeof body !== "object" || body === null || !("text" in body) || typeof body.text !== "string" || body.text === "") return c.json({ error: 'send { "text": "…" }' }, 400);
  return c.json(notes.add(body.text), 201);
});

app.delete("/notes/:id", (c) => (notes.remove(c.req.param("id")) ? c.body(null, 204) : c.json({ error: "there is no such note" }, 404)));

export default app;
