/** Ops of the assets binding. */
import { async, json, str } from "../../isolate/op.ts";
import type { FetchHead } from "../../web/fetch/ops.ts";

export const assetsOps = {
  /** `request` is `METHOD LF URL LF headerBlock`; of the URL only the path counts. */
  assets_fetch: async([str(256 << 10)], json<FetchHead>()),
};
