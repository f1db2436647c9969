/** The Referer of a request whose app has named a referrer (https://w3c.github.io/webappsec-referrer-policy/#determine-requests-referrer). There is no document that could be one. */
import { stringStartsWith } from "../../infra/guest/primordials.ts";
import { splitUrl } from "../../url/guest/parse.ts";

const MAX_LENGTH = 4096;

/** Null when none is sent. `referrer` and `url` are normalised; `policy` is that of the request, "" for the default. */
export function refererOf(referrer: string, policy: string, url: string): string | null {
  if (!stringStartsWith(referrer, "http://") && !stringStartsWith(referrer, "https://")) return null;
  const { pathname, search } = splitUrl(referrer);
  const origin = originOf(referrer);
  const stripped = origin + pathname + search;
  const whole = stripped.length > MAX_LENGTH ? origin + "/" : stripped;
  const isSame = origin === originOf(url);
  const isDowngrade = stringStartsWith(referrer, "https:") && !stringStartsWith(url, "https:");
  switch (policy) {
    case "no-referrer":
      return null;
    case "unsafe-url":
      return whole;
    case "origin":
      return origin + "/";
    case "same-origin":
      return isSame ? whole : null;
    case "strict-origin":
      return isDowngrade ? null : origin + "/";
    case "origin-when-cross-origin":
      return isSame ? whole : origin + "/";
    case "no-referrer-when-downgrade":
      return isDowngrade ? null : whole;
    default:
      return isSame ? whole : isDowngrade ? null : origin + "/";
  }
}

function originOf(url: string): string {
  const { protocol, hostname, port } = splitUrl(url);
  return protocol + "//" + hostname + (port === "" ? "" : ":" + port);
}
