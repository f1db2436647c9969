/** Metrics, for Prometheus (https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format). */
import { route } from "./route.ts";

const TYPE = "text/plain; version=0.0.4; charset=utf-8";

export const metricsRoutes = [
  route({
    method: "get",
    path: "/metrics",
    summary: "Metrics of all workers together",
    replies: { 200: { about: "Prometheus text format.", type: TYPE } },
    handle: async (_, operations) => ({ status: 200, type: TYPE, body: await operations.metrics() }),
  }),
];
