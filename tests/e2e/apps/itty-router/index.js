import { AutoRouter, cors, error, json, status, withParams } from "itty-router";

const { preflight, corsify } = cors({ origin: "http://shop.test" });
const router = AutoRouter({ before: [preflight, withParams], finally: [corsify], catch: (thrown) => error(thrown.status ?? 500, thrown.message) });

router
  .get("/todos/:id", ({ id, query }) => ({ id, query }))
  .post("/todos", async (request) => json({ made: await request.json() }, { status: 201 }))
  .delete("/todos/:id", () => status(204))
  .get("/files/:path+", ({ path }) => path)
  .get("/denied", () => {
    throw error(401, "who are you");
  })
  .all("*", () => error(404));

export default { ...router };
