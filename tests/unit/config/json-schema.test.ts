import { describe, expect, test } from "bun:test";
import { configJsonSchema } from "../../../src/config/json-schema.ts";
import { type Limit, limitKeys, limits } from "../../../src/limits.ts";

interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxProperties?: number;
  readonly default?: unknown;
  readonly description?: string;
}
const TOLD_TO_PEOPLE = ["$schema", "title", "description", "default", "allowTrailingCommas"];

/** Draft 7, as far as our schema uses it; a keyword that it does not know fails. */
function faultsOf(schema: Schema, value: unknown, at = ""): string[] {
  const faults: string[] = [];
  const check = (isRight: boolean, keyword: string) => isRight || faults.push(`${at}: ${keyword}`);
  const object = value as Record<string, unknown>;
  const type = Array.isArray(value) ? "array" : value === null ? "null" : Number.isInteger(value) ? "integer" : typeof value;
  if (schema.type !== undefined) check(schema.type === type || (schema.type === "number" && type === "integer"), "type");
  if (faults.length > 0) return faults;
  for (const keyword of Object.keys(schema)) {
    if (keyword === "type" || TOLD_TO_PEOPLE.includes(keyword)) continue;
    else if (keyword === "properties") for (const [key, inner] of Object.entries(schema.properties ?? {})) faults.push(...(Object.hasOwn(object, key) ? faultsOf(inner, object[key], `${at}/${key}`) : []));
    else if (keyword === "required") for (const key of schema.required ?? []) check(Object.hasOwn(object, key), `required ${key}`);
    else if (keyword === "additionalProperties") for (const key of Object.keys(object)) check(schema.additionalProperties !== false || Object.hasOwn(schema.properties ?? {}, key), `additional ${key}`);
    else if (keyword === "items") for (const [i, item] of (value as unknown[]).entries()) faults.push(...faultsOf(schema.items ?? {}, item, `${at}/${i}`));
    else if (keyword === "enum") check(schema.enum?.includes(value) === true, keyword);
    else if (keyword === "minimum") check((value as number) >= (schema.minimum ?? 0), keyword);
    else if (keyword === "maximum") check((value as number) <= (schema.maximum ?? 0), keyword);
    else if (keyword === "minItems") check((value as unknown[]).length >= (schema.minItems ?? 0), keyword);
    else if (keyword === "maxProperties") check(Object.keys(object).length <= (schema.maxProperties ?? 0), keyword);
    else if (keyword === "anyOf") check(schema.anyOf?.some((one) => faultsOf(one, value).length === 0) === true, keyword);
    else throw new Error(`the validator of this test does not know ${keyword}`);
  }
  return faults;
}

const schema = JSON.parse(JSON.stringify(configJsonSchema())) as Schema & { readonly $schema: string };
const app = schema.properties?.["apps"]?.items;

describe("the JSON Schema of nano.json", () => {
  test("is draft 7", () => {
    expect(schema.$schema).toBe("http://json-schema.org/draft-07/schema#");
  });

  test("takes a config with everything in it", () => {
    const example = {
      $schema: "./nano.schema.json", port: 3000, host: "127.0.0.1", log: { format: "text", level: "debug" }, trusted_proxies: ["10.0.0.0/8"], drain_ms: 1, limits: { url_kb: 16 },
      defaults: { timeout_ms: 50, memory_mb: 16, max_buffer_size_mb: 1, limits: { wall_ms: 100 } },
      apps: [{ name: "a", hostnames: ["a.test"], path: "./a.js", default: true, env: { A: "1", B: [{ c: null }] }, timeout_ms: 5, memory_mb: 16, limits: { queue: 0 }, fallback: "http://b.test", egress: { allow: ["c.test:80"] }, watch: false }],
    };
    expect(faultsOf(schema, example)).toEqual([]);
  });

  test("refuses what nano refuses, as far as JSON Schema can say it", () => {
    const faulty = { prot: 1, port: 65_536, log: { format: "xml" }, limits: { url_kb: 0.5 }, apps: [{ hostname: 5, limits: { cpu_ms: 4 }, env: [] }] };
    expect(faultsOf(schema, faulty).sort()).toEqual(["/apps/0/env: type", "/apps/0/hostname: type", "/apps/0/limits/cpu_ms: minimum", "/apps/0: anyOf", "/limits/url_kb: type", "/log/format: enum", "/port: maximum", ": additional prot"]);
    expect(faultsOf(schema, {})).toEqual([": required apps"]);
    expect(faultsOf(schema, { apps: [] })).toEqual(["/apps: minItems"]);
  });

  test("an app has code or static files", () => expect(app).toMatchObject({ anyOf: [{ required: ["path"] }, { required: ["assets"] }] }));

  test("tells editors each limit with its bounds, its default and what happens past it", () => {
    for (const [scope, holder] of [["app", app?.properties?.["limits"]], ["server", schema.properties?.["limits"]]] as const) {
      expect(Object.keys(holder?.properties ?? {})).toEqual([...limitKeys(scope)]);
      for (const key of limitKeys(scope)) {
        const limit: Limit = limits[key];
        expect(holder?.properties?.[key]).toMatchObject({ type: "integer", minimum: limit.least, maximum: limit.most, default: limit.default, description: expect.stringContaining(limit.past) });
      }
    }
  });

  test("explains every key of an app and of the top level", () => {
    for (const [key, { description }] of Object.entries({ ...app?.properties, ...schema.properties })) if (key !== "$schema") expect([key, description]).toEqual([key, expect.stringMatching(/\.$/)]);
  });
});
