/** structuredClone (https://html.spec.whatwg.org/#dom-structuredclone). */
import { exposeOperation, requireArguments } from "../infra/guest/webidl.ts";
import { toDictionary, toSequence } from "../infra/guest/webidl-convert.ts";
import { structuredCloneOf } from "./guest/clone.ts";

export { structuredCloneOf };

const NO_TRANSFER: readonly unknown[] = [];

exposeOperation(
  "structuredClone",
  function structuredClone(value: unknown, options?: unknown) {
    requireArguments(arguments.length, 1, "structuredClone");
    const transfer = toDictionary(options, "structuredClone: options")?.["transfer"];
    return structuredCloneOf(value, transfer === undefined ? NO_TRANSFER : toSequence(transfer, (item) => item, "structuredClone: transfer"));
  },
  1,
);
