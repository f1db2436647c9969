/** The one ordered catalogue of ops that every mode boots from: serve, dev, run, the tests and the build that makes the snapshot. */
import { coreRoom } from "../isolate/core-host.ts";
import { OpRegistry } from "../isolate/op-table.ts";
import { type BindingServices, createBindings } from "../bindings/index.ts";
import { createCatalogue, type WebServices } from "../web/index.ts";

export function createOps(services: WebServices & BindingServices): OpRegistry {
  return new OpRegistry([coreRoom, ...createCatalogue(services), ...createBindings(services)]);
}
