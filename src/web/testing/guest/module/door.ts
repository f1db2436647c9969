/** What `nano:test` has of nano. Test files are their author's own code: nothing here is kept from them. */
import type { Stubs } from "../../../../isolate/op.ts";
import type { fetchOps } from "../../../fetch/ops.ts";
import type { testingOps } from "../../ops.ts";

/** The name stands for the one that the bundle gives its door. */
declare const __nanoDoor: { readonly testing: Stubs<typeof testingOps> & Stubs<typeof fetchOps> };
export const ops = __nanoDoor.testing;
