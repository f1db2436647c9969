/** Health. Probes need no token and learn one word; reasons are for operators. */
import { OPEN_PATHS } from "../gate.ts";
import { route } from "./route.ts";

const alive = OPEN_PATHS.filter((path) => path !== "/readyz");

export const healthRoutes = [
  ...alive.map((path) =>
    route({
      method: "get",
      path,
      summary: "Liveness: the process answers",
      replies: { 200: { about: "Alive.", schema: "Probe" } },
      handle: async () => ({ status: 200, json: { status: "ok" } }),
    }),
  ),
  route({
    method: "get",
    path: "/readyz",
    summary: "Readiness: it is to be sent requests",
    replies: { 200: { about: "Ready.", schema: "Probe" }, 503: { about: "Starting, stopping, or without workers.", schema: "Probe" } },
    async handle(_, operations) {
      const { is_ready } = await operations.health();
      return { status: is_ready ? 200 : 503, json: { status: is_ready ? "ok" : "not_ready" } };
    },
  }),
  route({
    method: "get",
    path: "/admin/health",
    summary: "Health with reasons and workers",
    replies: { 200: { about: "Ready.", schema: "Health" }, 503: { about: "Not ready; why.", schema: "Health" } },
    async handle(_, operations) {
      const health = await operations.health();
      return { status: health.is_ready ? 200 : 503, json: health };
    },
  }),
];
