/** What stands in `env` for a binding that nano does not have: there, as the app expects, and an error that says why at the first use. */
import { defineBinding } from "../../web/fetch/guest/binding.ts";
import { SafeProxy, SafeTypeError, stringReplaceAll } from "../../web/infra/guest/primordials.ts";

/** `about`: what it is, with _ for spaces. */
defineBinding("lacking", (name, about) => {
  const refuse = (): never => {
    throw new SafeTypeError("env." + name + " is not there: nano has no " + stringReplaceAll(about, "_", " ") + ". The app's wrangler file names it");
  };
  return new SafeProxy({ __proto__: null } as object, {
    __proto__: null,
    // What promises, JSON and the console ask of any value is no use.
    get: (_target, key) => (typeof key === "symbol" || key === "then" || key === "toJSON" || key === "constructor" ? undefined : refuse()),
    set: refuse,
  } as ProxyHandler<object>);
});
