/** What stands in `env` besides values. The rooms of bindings say how theirs are made; they are above this layer. */
import { mapGet, mapSet, SafeMap } from "../../infra/guest/primordials.ts";

const makers = new SafeMap<string, () => object>();

/** At module scope of the base. */
export const defineBinding = (kind: string, make: () => object): void => void mapSet(makers, kind, make);

export function makeBinding(kind: string): object {
  const make = mapGet(makers, kind);
  if (make === undefined) throw new Error("there is no binding of the kind " + kind);
  return make();
}
