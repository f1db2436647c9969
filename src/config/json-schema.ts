/** The JSON Schema of nano.json, for editors: derived from the schema that validates. */
import { toJsonSchema } from "@valibot/to-json-schema";
import { configSchema } from "./schema.ts";

/** Draft 7, https://json-schema.org/draft-07/schema. */
export function configJsonSchema(): Record<string, unknown> {
  return {
    title: "nano.json",
    description: "Configuration of nano: which apps it serves, and within which limits.",
    ...toJsonSchema(configSchema, { errorMode: "ignore" }),
  };
}
