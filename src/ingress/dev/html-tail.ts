/** Whether a response is a page that may get the live reload's script, and with what attributes: an app's own policy for scripts is kept to. */

export interface PageHead {
  /** Of the request. */
  readonly request: Headers;
  /** Fields of the response, names in lower case. */
  readonly fields: readonly (readonly [name: string, value: string])[];
}

/** An element to put behind the page, or null. It stands behind everything, so nothing of the page is looked at and a stream stays one. */
export function scriptElement({ request, fields }: PageHead, src: string): string | null {
  const of = (name: string) => fields.filter(([field]) => field === name).map(([, value]) => value);
  if (!isNavigation(request)) return null;
  const type = of("content-type").at(-1)?.toLowerCase() ?? "";
  if (!/^text\/html(?:\s*;|\s*$)/.test(type) || /charset\s*=\s*"?utf-(?:16|32)/.test(type)) return null;
  const isUntouchable = of("content-encoding").some((coding) => coding.trim() !== "" && coding.trim() !== "identity") || of("content-digest").length + of("repr-digest").length + of("content-range").length > 0;
  if (isUntouchable || of("content-disposition").some((value) => /^\s*attachment/i.test(value))) return null;
  const nonces: string[] = [];
  for (const policy of of("content-security-policy").flatMap((value) => value.split(","))) {
    const nonce = allowed(policy);
    if (nonce === null) return null;
    if (nonce !== "") nonces.push(nonce);
  }
  // An element has one nonce.
  if (new Set(nonces).size > 1) return null;
  return `<script src="${src}"${nonces.length === 0 ? "" : ` nonce="${nonces[0]}"`} async></script>`;
}

/** A page that somebody looks at, not what its scripts or other programs fetch. */
function isNavigation(request: Headers): boolean {
  const destination = request.get("sec-fetch-dest");
  if (destination !== null) return destination === "document" || destination === "iframe" || destination === "frame";
  return request.get("accept")?.includes("text/html") === true;
}

const SAFE_NONCE = /^'nonce-([\w+/=-]+)'$/i;

/** Null when the policy would block the script or its events, else the nonce that it asks for, or "". https://www.w3.org/TR/CSP3/#directives-fetch */
function allowed(policy: string): string | null {
  const directives = new Map<string, readonly string[]>();
  for (const text of policy.split(";")) {
    const [name = "", ...sources] = text.trim().split(/\s+/);
    if (!directives.has(name.toLowerCase())) directives.set(name.toLowerCase(), sources);
  }
  const sandbox = directives.get("sandbox");
  if (sandbox !== undefined && !(sandbox.includes("allow-scripts") && sandbox.includes("allow-same-origin"))) return null;
  const fallback = directives.get("default-src");
  const connections = directives.get("connect-src") ?? fallback;
  if (connections !== undefined && !isOwnOrigin(connections)) return null;
  const scripts = directives.get("script-src-elem") ?? directives.get("script-src") ?? fallback;
  if (scripts === undefined) return "";
  const nonce = scripts.map((source) => SAFE_NONCE.exec(source)?.[1]).find((found) => found !== undefined);
  if (nonce !== undefined) return nonce;
  return isOwnOrigin(scripts) && !scripts.includes("'strict-dynamic'") ? "" : null;
}

function isOwnOrigin(sources: readonly string[]): boolean {
  return sources.some((source) => source === "*" || source.toLowerCase() === "'self'");
}
