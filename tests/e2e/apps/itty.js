import { AutoRouter } from "itty-router";

const router = AutoRouter();
router.get("/hello/:name", ({ name }) => `Hello, ${name}!`).get("/json", () => ({ ok: true }));

export default router;
