/** What `nano dev` adds to the way of a request: paths of its own, errors in words for whoever asked, and pages that load themselves again. */
import { randomBytes } from "node:crypto";
import type { FailureDetail } from "../../apps/dispatch.ts";
import { parseHostName } from "../../base/host-name.ts";
import { type ByteSource, isByteSource, type WireBody } from "../../base/wire.ts";
import type { ErrorCode } from "../../errors.ts";
import { contentSecurityPolicy, errorPage } from "./error-page.ts";
import { type FailedRequest, failureOf } from "./failure.ts";
import { failureJson, failureText } from "./failure-text.ts";
import { scriptElement } from "./html-tail.ts";
import { EVENTS_PATH, LiveReload, SCRIPT_PATH } from "./live-reload.ts";

export interface Explanation {
  readonly body: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** Hosts that no website can lead browsers to this machine by: addresses, and names that never leave it. */
const OWN_HOST = /^(?:(?:.+\.)?localhost|[\d.]+|\[.*\])$/;

export class DevFront {
  /** The config names that host, which is canonical. */
  isNamed: (host: string) => boolean = () => false;
  readonly #live: LiveReload | null;

  constructor(hasLiveReload: boolean) {
    this.#live = hasLiveReload ? new LiveReload() : null;
  }

  /** Another revision of `app` answers from now on. */
  replaced(app: string): void {
    this.#live?.replaced(app);
  }

  /** The answer to a request for a path that no app sees; null for others. `appOf`: whom the request would go to. */
  take(request: Request, appOf: () => string): Response | null {
    if (this.#live === null || request.method !== "GET") return null;
    const path = /^https?:\/\/[^/]*([^?]*)/.exec(request.url)?.[1];
    if (path === SCRIPT_PATH) return this.#live.script(appOf());
    return path === EVENTS_PATH ? this.#live.events(appOf()) : null;
  }

  /** Null for whoever came by a name that is not ours: a website may have its own name lead here (DNS rebinding), and would read the app's source in what we say. */
  explain(request: Headers, failed: FailedRequest, code: ErrorCode, retryAfterS: number | undefined, detail: FailureDetail | undefined): Explanation | null {
    if (!this.#isOurs(request.get("host") ?? "") || !this.#isOurs(authorityOf(failed.url))) return null;
    const failure = failureOf(code, failed, detail);
    const accept = request.get("accept") ?? "";
    if (accept.includes("text/html")) {
      const nonce = randomBytes(16).toString("base64url");
      const live = this.#live === null ? null : { script: scriptUrl(failed.url), version: failed.app === "" ? null : this.#live.versionOf(failed.app) };
      return { body: errorPage(failure, { nonce, live }), fields: { "content-type": "text/html; charset=utf-8", "content-security-policy": contentSecurityPolicy(nonce), vary: "accept" } };
    }
    if (accept.includes("application/json") || request.get("sec-fetch-dest") === "empty") return { body: failureJson(failure, retryAfterS), fields: { "content-type": "application/json", vary: "accept" } };
    return { body: failureText(failure), fields: { "content-type": "text/plain; charset=utf-8", vary: "accept" } };
  }

  /** `body`, or the page with the script behind it. */
  follow(request: Headers, url: string, fields: Iterable<readonly [string, string]>, body: NonNullable<WireBody>): NonNullable<WireBody> {
    const element = this.#live === null ? null : scriptElement({ request, fields: [...fields].map(([name, value]) => [name.toLowerCase(), value] as const) }, scriptUrl(url));
    if (element === null) return body;
    if (typeof body === "string") return body === "" ? body : `${body}\n${element}\n`;
    const tail = new TextEncoder().encode(`\n${element}\n`);
    if (isByteSource(body)) return followed(body, tail);
    return body.byteLength === 0 ? body : Buffer.concat([body, tail]);
  }

  close(): void {
    this.#live?.close();
  }

  #isOurs(authority: string): boolean {
    const host = parseHostName(authority)?.host;
    // Without any there is no website behind it.
    return host === undefined ? authority === "" : OWN_HOST.test(host) || this.isNamed(host);
  }
}

function authorityOf(url: string): string {
  return /^https?:\/\/([^/?#]*)/.exec(url)?.[1] ?? "";
}

/** Absolute: a page may have a base elsewhere. Hosts are canonical, so there is nothing in it to escape. */
function scriptUrl(url: string): string {
  return (/^https?:\/\/[^/"'<>&\s]*/.exec(url)?.[0] ?? "") + SCRIPT_PATH;
}

/** `source`, then `tail`. */
function followed(source: ByteSource, tail: Uint8Array): ByteSource {
  let isOver = false;
  return {
    async pull() {
      if (isOver) return null;
      const chunk = await source.pull();
      if (chunk !== null) return chunk;
      isOver = true;
      return tail;
    },
    cancel: (reason) => source.cancel(reason),
  };
}
