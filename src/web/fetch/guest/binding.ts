/** What stands in `env` besides values. The rooms of bindings say how theirs are made; they are above this layer. */
import { mapGet, mapSet, SafeMap } from "../../infra/guest/primordials.ts";

type Maker = (name: string, about: string) => object;

const makers = new SafeMap<string, Maker>();

/** At module scope of the base. */
export const defineBinding = (kind: string, make: Maker): void => void mapSet(makers, kind, make);

/** `about`: one word more for the room. */
export function makeBinding(kind: string, name: string, about: string): object {
  const make = mapGet(makers, kind);
  if (make === undefined) throw new Error("there is no binding of the kind " + kind);
  return make(name, about);
}
