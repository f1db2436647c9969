/** The document against the implementation: the same routes, and replies that are what it says. */
import { describe, expect, test } from "bun:test";
import * as v from "valibot";
import { routes } from "../../../src/admin/routes/index.ts";
import { schemas } from "../../../src/admin/schemas.ts";
import { bench } from "./fixture.ts";

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: { readonly content: Record<string, { readonly schema: { readonly $ref: string } }> };
  readonly responses: Record<string, { readonly description: string; readonly content: Record<string, { readonly schema: { readonly $ref?: string } }> }>;
  readonly security?: readonly unknown[];
}
interface Document {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, unknown> };
}

const documentOf = async (): Promise<Document> => (await (await bench().ask("GET", "/admin/openapi.json")).json()) as Document;
const operationsOf = ({ paths }: Document) => Object.entries(paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation })));
const BODIES: Readonly<Record<string, object>> = { App: { hostname: "new.test", path: "./new.js" }, Limits: { cpu_ms: 50 }, Env: { env: { A: "1" } }, EnvPatch: { set: { A: "1" } } };

describe("the OpenAPI document", () => {
  test("has every route and no other, each with a name of its own", async () => {
    const document = await documentOf();
    const documented = operationsOf(document).map(({ path, method }) => `${method} ${path}`).sort();
    expect(document.openapi).toBe("3.1.1");
    expect(documented).toEqual(routes.map(({ method, path }) => `${method} ${path.replace(":name", "{name}")}`).sort());
    const ids = operationsOf(document).map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("every reference leads somewhere", async () => {
    const document = await documentOf();
    for (const [, name] of JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)) expect(Object.keys(document.components.schemas)).toContain(name as string);
    expect(JSON.stringify(document)).not.toContain("$schema\":\"http");
  });

  test("every operation can be asked as it says, and answers with what it says", async () => {
    const document = await documentOf();
    for (const { path, method, operation } of operationsOf(document)) {
      if (path === "/admin/logs") continue;
      const { ask } = bench();
      const body = operation.requestBody?.content["application/json"]?.schema.$ref.split("/").at(-1);
      const query = operation.operationId === "delete_admin_apps" ? "?hostname=blog.test" : "";
      const reply = await ask(method.toUpperCase(), path.replace("{name}", "blog") + query, body === undefined ? {} : { json: BODIES[body] });
      expect([path, method, reply.status < 300]).toEqual([path, method, true]);
      const said = operation.responses[String(reply.status)]?.content ?? {};
      const [type, { schema }] = Object.entries(said)[0] as [string, { readonly schema: { readonly $ref?: string } }];
      expect(reply.headers.get("content-type")).toStartWith(type);
      if (schema.$ref === undefined) continue;
      const json = await reply.json();
      // Objects drop what their schema does not have: an equal result shows that all of it is documented.
      expect<unknown>(v.parse(schemas[schema.$ref.split("/").at(-1) as keyof typeof schemas], json)).toEqual(json);
    }
  });

  test("refusals are what it says", async () => {
    const document = await documentOf();
    const { ask } = bench();
    const refused: [string, string, Response][] = [
      ["/admin/apps/{name}", "get", await ask("GET", "/admin/apps/none")],
      ["/admin/apps", "post", await ask("POST", "/admin/apps", { json: {} })],
      ["/admin/apps", "post", await ask("POST", "/admin/apps", { json: { hostname: "blog.test", path: "./a.js" } })],
      ["/admin/apps", "post", await ask("POST", "/admin/apps", { body: "x" })],
      ["/admin/apps", "get", await ask("GET", "/admin/apps", { headers: { authorization: "" } })],
      ["/admin/apps", "get", await ask("GET", "/admin/apps", { headers: { origin: "null" } })],
      ["/admin/apps", "get", await ask("GET", "/admin/apps", { headers: { host: "evil" } })],
    ];
    for (const [path, method, reply] of refused) {
      const said = document.paths[path]?.[method]?.responses[String(reply.status)];
      const json = (await reply.json()) as { error: string };
      expect(said?.description).toContain(`\`${json.error}\``);
      expect<unknown>(v.parse(schemas.Error, json)).toEqual(json);
    }
  });

  test("what may be asked without a token says so", async () => {
    const open = operationsOf(await documentOf()).filter(({ operation }) => operation.security?.length === 0);
    expect(open.map(({ path }) => path).sort()).toEqual(["/health", "/healthz", "/readyz"]);
    expect((await bench().ask("GET", "/admin/openapi.json", { headers: { authorization: "" } })).status).toBe(401);
  });
});
