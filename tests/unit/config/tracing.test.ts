/** Where traces go is said by the variables of OpenTelemetry. */
import { describe, expect, test } from "bun:test";
import { readEnvironment } from "../../../src/config/environment.ts";

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318" };
const tracing = (variables: Readonly<Record<string, string>>) => readEnvironment(variables).tracing;

describe("tracing", () => {
  test("is off unless a collector is named", () => {
    expect(tracing({ OTEL_SERVICE_NAME: "shop" })).toBeUndefined();
    expect(tracing({ ...ENDPOINT, OTEL_SDK_DISABLED: "true" })).toBeUndefined();
    expect(tracing({ ...ENDPOINT, OTEL_TRACES_EXPORTER: "none" })).toBeUndefined();
  });

  test("goes to the collector's path for traces, or exactly where the variable for traces says", () => {
    expect(tracing(ENDPOINT)).toEqual({ url: "http://127.0.0.1:4318/v1/traces", headers: {}, resource: { "service.name": "nano" }, ratio: 1 });
    expect(tracing({ OTEL_EXPORTER_OTLP_ENDPOINT: "https://c.example/otlp/" })?.url).toBe("https://c.example/otlp/v1/traces");
    expect(tracing({ ...ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "https://c.example/in" })?.url).toBe("https://c.example/in");
  });

  test("takes headers, resource and share", () => {
    const read = tracing({ ...ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS: "authorization=Basic%20eA==, x-team=web", OTEL_RESOURCE_ATTRIBUTES: "deployment.environment=live,service.name=b", OTEL_SERVICE_NAME: "shop", OTEL_TRACES_SAMPLER: "parentbased_traceidratio", OTEL_TRACES_SAMPLER_ARG: "0.25" });
    expect(read).toEqual({ url: "http://127.0.0.1:4318/v1/traces", headers: { authorization: "Basic eA==", "x-team": "web" }, resource: { "deployment.environment": "live", "service.name": "shop" }, ratio: 0.25 });
  });

  test.each([
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "127.0.0.1:4318" }, "OTEL_EXPORTER_OTLP_ENDPOINT"],
    [{ ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }, "OTEL_EXPORTER_OTLP_PROTOCOL"],
    [{ ...ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS: "secret" }, "OTEL_EXPORTER_OTLP_HEADERS"],
    [{ ...ENDPOINT, OTEL_TRACES_SAMPLER: "sometimes" }, "OTEL_TRACES_SAMPLER"],
    [{ ...ENDPOINT, OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: "2" }, "OTEL_TRACES_SAMPLER_ARG"],
  ])("%p is refused by name", (variables, name) => {
    expect(() => tracing(variables as Record<string, string>)).toThrow(name);
  });
});
