/** CATALOGUE of the routes of the admin API. */
import { appRoutes } from "./apps.ts";
import { configRoutes } from "./config.ts";
import { envRoutes } from "./env.ts";
import { healthRoutes } from "./health.ts";
import { logRoutes } from "./logs.ts";
import { metricsRoutes } from "./metrics.ts";
import type { Route } from "./route.ts";

export const routes: readonly Route[] = [...appRoutes, ...envRoutes, ...configRoutes, ...healthRoutes, ...logRoutes, ...metricsRoutes];
