/** Health checks on the public port: what probes of a container or a load balancer ask for. */
import type { ResponseWire } from "../base/wire.ts";

/** Alive: the process answers. Ready: it is to be sent requests. */
const PATHS: ReadonlyMap<string, "alive" | "ready"> = new Map([["/health", "alive"], ["/healthz", "alive"], ["/readyz", "ready"]]);
const LONGEST_PATH = 8;

/** The answer to a health check; null for a request that is none. `path` may carry a query. */
export function healthAnswer(method: string, path: string, isReady: boolean): ResponseWire | null {
  if (method !== "GET" && method !== "HEAD") return null;
  const query = path.indexOf("?");
  const length = query < 0 ? path.length : query;
  const asked = length > LONGEST_PATH ? undefined : PATHS.get(path.slice(0, length));
  if (asked === undefined) return null;
  return {
    status: asked === "ready" && !isReady ? 503 : 200,
    statusText: "",
    headers: "content-type\napplication/json\ncache-control\nno-store\n",
    body: `{"status":"${isReady ? "ok" : "draining"}"}`,
  };
}
