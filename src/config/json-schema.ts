/** The JSON Schema of nano.json, for editors: derived from the schema that validates. */
import { toJsonSchema } from "@valibot/to-json-schema";
import { appSchema, configSchema } from "./schema.ts";

/** An app is code, static files or both. */
const CODE_OR_FILES = [{ required: ["path"] }, { required: ["assets"] }];

/** Draft 7, https://json-schema.org/draft-07/schema. Checks that JSON Schema cannot say, such as that of hostnames, are left to nano. */
export function configJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = toJsonSchema(configSchema, { errorMode: "ignore", overrideSchema: ({ valibotSchema, jsonSchema }) => (valibotSchema === appSchema ? { ...jsonSchema, anyOf: CODE_OR_FILES } : undefined) });
  return {
    $schema,
    title: "nano.json",
    description: "Configuration of nano: which apps it serves, and within which limits.",
    // A config may have comments and trailing commas; this is how VS Code learns of it.
    allowTrailingCommas: true,
    ...schema,
  };
}
