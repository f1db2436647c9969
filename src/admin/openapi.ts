/** The OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.1.html), made of the same declarations as the routes. */
import { toJsonSchema } from "@valibot/to-json-schema";
import type * as v from "valibot";
import { OPEN_PATHS } from "./gate.ts";
import { type OperationCode, operationErrors } from "./operation-error.ts";
import type { ReplyKind, Route } from "./routes/route.ts";
import { schemas } from "./schemas.ts";

type JsonObject = Record<string, unknown>;

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
/** Whatever a route is, it may be answered with these. */
const ALWAYS: readonly OperationCode[] = ["origin_refused", "misdirected", "bad_query", "internal_error", "unavailable"];
const OF_BODIES: readonly OperationCode[] = ["bad_json", "payload_too_large", "unsupported_media_type"];

export function openApiDocument(routes: readonly Route[], version: string): JsonObject {
  const paths: Record<string, JsonObject> = {};
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, "{$1}");
    paths[path] = { ...paths[path], [route.method]: operationOf(route) };
  }
  return {
    openapi: "3.1.1",
    info: { title: "nano admin API", version, description: "Apps, variables, configuration, health, metrics and logs of a running nano. On the unix socket no token is asked for." },
    security: [{ token: [] }],
    paths,
    components: { schemas: Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, toSchema(schema)])), securitySchemes: { token: { type: "http", scheme: "bearer" } } },
  };
}

function operationOf({ method, path, summary, query, body, replies, refuses }: Route): JsonObject {
  const parameters = [
    ...(path.includes(":name") ? [{ name: "name", in: "path", required: true, description: "The app's name.", schema: { type: "string" } }] : []),
    ...Object.entries(query).map(([name, schema]) => {
      const { description, ...rest } = toSchema(schema, "input");
      return { name, in: "query", required: false, ...(description === undefined ? {} : { description }), schema: rest };
    }),
  ];
  const isOpen = OPEN_PATHS.includes(path);
  return {
    operationId: [method, ...path.split(/[/:.]+/).filter((part) => part !== "")].join("_"),
    summary,
    ...(isOpen ? { security: [] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === null ? {} : { requestBody: { required: true, content: { "application/json": { schema: ref(body) } } } }),
    responses: { ...errorsOf([...refuses, ...ALWAYS, ...(isOpen ? [] : (["unauthorized"] as const)), ...(body === null ? [] : OF_BODIES)]), ...Object.fromEntries(Object.entries(replies).map(([status, reply]) => [status, responseOf(reply)])) },
  };
}

function responseOf(reply: ReplyKind): JsonObject {
  const content = "schema" in reply ? { "application/json": { schema: ref(reply.schema) } } : { [reply.type.split(";")[0] as string]: { schema: { type: "string" } } };
  return { description: reply.about, content };
}

function errorsOf(codes: readonly OperationCode[]): JsonObject {
  const byStatus = new Map<number, OperationCode[]>();
  for (const code of new Set(codes)) byStatus.set(operationErrors[code].status, [...(byStatus.get(operationErrors[code].status) ?? []), code]);
  return Object.fromEntries([...byStatus].map(([status, of]) => [status, { description: of.map((code) => `\`${code}\`: ${operationErrors[code].message}.`).join(" "), content: { "application/json": { schema: ref("Error") } } }]));
}

function toSchema(schema: v.GenericSchema, typeMode: "input" | "output" = "output"): JsonObject {
  const { $schema: _, ...rest } = toJsonSchema(schema, { target: "draft-2020-12", errorMode: "ignore", typeMode });
  return rest as JsonObject;
}
