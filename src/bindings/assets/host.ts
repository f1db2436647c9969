/** Host side of the assets binding: an app's code asks for its own files. */
import { isByteSource, sourceOf } from "../../base/wire.ts";
import { GuestError } from "../../isolate/guest-error.ts";
import type { OpContext } from "../../isolate/invocation.ts";
import type { Handlers } from "../../isolate/op.ts";
import { SOURCE } from "../../web/fetch/host/answer-ops.ts";
import { type Assets, AssetsBusy } from "./host/assets.ts";
import type { assetsOps } from "./ops.ts";

/** A look at the file system, or a copy from memory. */
const CALL_FUEL = 20_000;

/** `assetsOf`: undefined for an app that has none, or is gone. */
export function createAssetsHost(assetsOf: (app: string) => Pick<Assets, "fetch"> | undefined): Handlers<typeof assetsOps, OpContext> {
  return {
    async assets_fetch(ctx, request) {
      ctx.charge(CALL_FUEL);
      const assets = assetsOf(ctx.invocation.app);
      if (assets === undefined) throw new GuestError("TypeError", "the app has no static files");
      const [method = "", url = "", ...block] = request.split("\n");
      const response = await assets.fetch({ method, url, headers: block.join("\n") }).catch((error: unknown) => {
        throw error instanceof AssetsBusy ? new GuestError("TypeError", error.message) : error;
      });
      const { status, statusText, headers, body } = response;
      const source = body === null ? null : isByteSource(body) ? body : sourceOf(body);
      return { status, statusText, url, redirected: false, headers, bodyRid: source === null ? 0 : ctx.invocation.resources.add(SOURCE, source, () => source.cancel()) };
    },
  };
}
