/** `env.ASSETS`: the app's own files (https://developers.cloudflare.com/workers/static-assets/binding/). A path that is no file is answered as the config says. */
import { bodyOfSource } from "../../web/fetch/guest/body.ts";
import { defineBinding } from "../../web/fetch/guest/binding.ts";
import { blockOf, headersOfBlock } from "../../web/fetch/guest/headers.ts";
import { Request, requestHeaders, requestState } from "../../web/fetch/guest/request.ts";
import { type Response, responseOf } from "../../web/fetch/guest/response.ts";
import { hostOps } from "../../web/infra/guest/host-ops.ts";
import { promiseThen } from "../../web/infra/guest/primordials.ts";
import { constructionKey, defineInterface, requireArguments, requireConstructionKey } from "../../web/infra/guest/webidl.ts";
import { assetsOps } from "./ops.ts";

const { assets_fetch } = hostOps(assetsOps);

class Fetcher {
  #brand = true;

  constructor(key?: symbol) {
    requireConstructionKey(key);
  }

  fetch(input: unknown, init?: unknown): Promise<Response> {
    this.#brand;
    requireArguments(arguments.length, 1, "Fetcher.fetch");
    return fetchAsset(new Request(input, init));
  }
}
defineInterface(Fetcher, "Fetcher", { exposed: false, lengths: { fetch: 1 } });

function fetchAsset(request: Request): Promise<Response> {
  const { method, url } = requestState(request);
  return promiseThen(assets_fetch(method + "\n" + url + "\n" + blockOf(requestHeaders(request))), ({ status, statusText, headers, bodyRid }) =>
    responseOf({ type: "basic", url, redirected: false, status, statusText, headers: headersOfBlock(headers, "immutable"), block: "", body: bodyRid === 0 ? null : bodyOfSource(bodyRid) }),
  );
}

defineBinding("assets", () => new Fetcher(constructionKey));
