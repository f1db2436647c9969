/** Where traces go, by the variables of OpenTelemetry: https://opentelemetry.io/docs/specs/otel/protocol/exporter/ and …/configuration/sdk-environment-variables/. */
import { problem, type Problem } from "../errors.ts";
import type { TracingOptions } from "../observe/otlp.ts";

type Variables = Readonly<Record<string, string | undefined>>;

/** Undefined when no collector is named or tracing is turned off. What makes no sense is added to `problems`. */
export function readTracing(variables: Variables, problems: Problem[]): TracingOptions | undefined {
  const value = (name: string) => variables[name]?.trim() || undefined;
  const base = value("OTEL_EXPORTER_OTLP_ENDPOINT");
  const own = value("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
  if ((base ?? own) === undefined || value("OTEL_SDK_DISABLED")?.toLowerCase() === "true" || value("OTEL_TRACES_EXPORTER") === "none") return undefined;
  const bad = (name: string, expected: string) => void problems.push(problem("environment_value", { name, expected }));
  const [name, text] = own === undefined ? ["OTEL_EXPORTER_OTLP_ENDPOINT", base ?? ""] : ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", own];
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) bad(name, 'an http or https URL: "http://127.0.0.1:4318"');
  const protocol = value("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") ?? value("OTEL_EXPORTER_OTLP_PROTOCOL") ?? "http/json";
  if (!protocol.startsWith("http/")) bad("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json; collectors take it on port 4318");
  const headersName = value("OTEL_EXPORTER_OTLP_TRACES_HEADERS") === undefined ? "OTEL_EXPORTER_OTLP_HEADERS" : "OTEL_EXPORTER_OTLP_TRACES_HEADERS";
  const headers = parsePairs(value(headersName));
  if (headers === null) bad(headersName, "pairs: name=value,name=value");
  const resource = parsePairs(value("OTEL_RESOURCE_ATTRIBUTES"));
  if (resource === null) bad("OTEL_RESOURCE_ATTRIBUTES", "pairs: name=value,name=value");
  const ratio = readRatio(value("OTEL_TRACES_SAMPLER"), value("OTEL_TRACES_SAMPLER_ARG"), bad);
  if (url === null || headers === null || resource === null) return undefined;
  return {
    url: own === undefined ? new URL("v1/traces", url.href.endsWith("/") ? url.href : `${url.href}/`).href : url.href,
    headers,
    resource: { "service.name": "nano", ...resource, ...(value("OTEL_SERVICE_NAME") === undefined ? {} : { "service.name": value("OTEL_SERVICE_NAME") as string }) },
    ratio,
  };
}

/** A caller's decision always holds, as with the `parentbased_` samplers. */
function readRatio(sampler: string | undefined, argument: string | undefined, bad: (name: string, expected: string) => void): number {
  switch (sampler?.replace(/^parentbased_/, "")) {
    case undefined:
    case "always_on":
      return 1;
    case "always_off":
      return 0;
    case "traceidratio": {
      const ratio = Number(argument ?? 1);
      if (!(ratio >= 0 && ratio <= 1)) bad("OTEL_TRACES_SAMPLER_ARG", "a share from 0 to 1");
      return ratio;
    }
    default:
      bad("OTEL_TRACES_SAMPLER", "parentbased_always_on, parentbased_always_off or parentbased_traceidratio");
      return 1;
  }
}

/** https://www.w3.org/TR/baggage/#header-content without properties; null when it is none. */
function parsePairs(text: string | undefined): Readonly<Record<string, string>> | null {
  const pairs: Record<string, string> = {};
  for (const part of text?.split(",") ?? []) {
    if (part.trim() === "") continue;
    const at = part.indexOf("=");
    if (at <= 0) return null;
    try {
      pairs[part.slice(0, at).trim()] = decodeURIComponent(part.slice(at + 1).trim());
    } catch {
      return null;
    }
  }
  return pairs;
}
