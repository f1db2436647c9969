/** node:url (https://nodejs.org/api/url.html): the global classes, files' paths, and the older parser. */
import { format, parse, resolve, resolveObject, Url } from "../support/legacy-url.ts";
import { typeError, wrongType } from "../support/errors.ts";
import { web, type WebUrl } from "../support/globals.ts";

export const { URL, URLSearchParams } = web;

export function fileURLToPath(input: string | WebUrl): string {
  if (typeof input !== "string" && !(input instanceof URL)) throw wrongType("path", "of type string or an instance of URL", input);
  const url = typeof input === "string" ? new URL(input) : (input as WebUrl);
  if (url.protocol !== "file:") throw typeError("ERR_INVALID_URL_SCHEME", "The URL must be of scheme file");
  if (url.hostname !== "") throw typeError("ERR_INVALID_FILE_URL_HOST", 'File URL host must be "localhost" or empty on linux');
  if (/%2f/i.test(url.pathname)) throw typeError("ERR_INVALID_FILE_URL_PATH", "File URL path must not include encoded / characters");
  return decodeURIComponent(url.pathname);
}

export function pathToFileURL(path: string): WebUrl {
  const url = new URL("file:///");
  const absolute = path.startsWith("/") ? path : `/${path}`;
  url.pathname = absolute.replace(/[%\\\n\r\t?#]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
  return url;
}

function hostOf(domain: string): string {
  try {
    return new URL(`ws://${domain}`).hostname;
  } catch {
    return "";
  }
}
export const domainToASCII = (domain: string): string => hostOf(String(domain));

export function urlToHttpOptions(url: WebUrl): Record<string, unknown> {
  const { protocol, hostname, hash, search, pathname, href, port, username, password } = url;
  return {
    protocol, hostname: hostname.startsWith("[") ? hostname.slice(1, -1) : hostname, hash, search, pathname, path: `${pathname}${search}`, href,
    ...(port === "" ? {} : { port: Number(port) }),
    ...(username === "" && password === "" ? {} : { auth: `${decodeURIComponent(username)}:${decodeURIComponent(password)}` }),
  };
}

export { format, parse, resolve, resolveObject, Url };
export default { URL, URLSearchParams, Url, fileURLToPath, pathToFileURL, domainToASCII, urlToHttpOptions, format, parse, resolve, resolveObject };
