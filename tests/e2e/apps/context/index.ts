import { AsyncLocalStorage } from "node:async_hooks";
import { createHash } from "crypto";
import { EventEmitter } from "events";
import { Hono } from "hono";
import { contextStorage, getContext } from "hono/context-storage";

interface Span {
  readonly name: string;
  readonly trace: string;
  readonly parent: Span | undefined;
}
const spans = new AsyncLocalStorage<Span>();
const finished = new EventEmitter();
const tree = new Map<string, string[]>();
finished.on("span", (span: Span) => tree.set(span.trace, [...(tree.get(span.trace) ?? []), `${span.parent?.name ?? "-"}>${span.name}`]));

async function traced<T>(name: string, work: () => Promise<T>): Promise<T> {
  const parent = spans.getStore();
  const span = { name, parent, trace: parent?.trace ?? getContext().get("id") };
  return spans.run(span, async () => {
    try {
      return await work();
    } finally {
      finished.emit("span", spans.getStore());
    }
  });
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const idOf = () => getContext<{ Variables: { id: string } }>().get("id");

const app = new Hono<{ Variables: { id: string } }>();
app.use(contextStorage());
app.use(async (c, next) => {
  c.set("id", c.req.param("id") ?? c.req.query("id") ?? "");
  await next();
});
app.get("/", async (c) => {
  const seen: string[] = [];
  await traced("root", async () => {
    await Promise.all(
      [3, 1, 2].map((ms) =>
        traced(`child${ms}`, async () => {
          await pause(ms);
          seen.push(idOf());
          await traced("leaf", async () => {
            await null;
            seen.push(idOf());
          });
        }),
      ),
    );
  });
  return c.json({ ids: [...new Set(seen)], count: seen.length, tree: tree.get(idOf())?.sort(), hash: createHash("sha256").update(idOf()).digest("hex") });
});

export default app;
