/** Traces of this process: what is recorded of requests goes to a collector. */
import { type Observer, silent } from "../observe/observer.ts";
import { OtlpExporter, type TracingOptions } from "../observe/otlp.ts";
import { Tracer } from "../observe/tracer.ts";

export class Tracing {
  readonly tracer: Tracer;
  readonly observer: Observer;
  readonly #exporter: OtlpExporter;

  constructor({ ratio, ...target }: TracingOptions, version: string, counted: Pick<Observer, "spans">) {
    this.#exporter = new OtlpExporter({ ...target, version, onSpans: counted.spans });
    const tracer = new Tracer({ take: this.#exporter.take, ratio, now: () => Date.now() });
    this.tracer = tracer;
    this.observer = { ...silent, request: (record) => tracer.request(record) };
  }

  close(graceMs: number): Promise<void> {
    return this.#exporter.close(graceMs);
  }
}
