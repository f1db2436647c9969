/** The `admin` section: where the admin API listens, and the token. Works on whatever of it is well formed; what is not is told with the shape. */
import ipaddr from "ipaddr.js";
import { resolve } from "node:path";
import { parseHostPattern } from "../base/host-name.ts";
import type { Problem } from "../errors.ts";
import { listenAddress } from "./addresses.ts";
import type { AdminConfig } from "./config.ts";
import { referenceOf } from "./env-schema.ts";
import type { EnvSources } from "./env-sources.ts";
import type { Document, Path } from "./positions.ts";
import { DEFAULT_ADMIN_HOST } from "./schema.ts";

export const LEAST_TOKEN_LENGTH = 32;

export interface ReadAdmin {
  readonly config: AdminConfig;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
  /** The file that the token came from. */
  readonly files: readonly string[];
  readonly hasInlineSecrets: boolean;
}

export function readAdmin(document: Document, sources: EnvSources, folder: string): ReadAdmin {
  const { admin } = document.value as { readonly admin?: unknown };
  const said = typeof admin === "object" && admin !== null && !Array.isArray(admin) ? (admin as Readonly<Record<string, unknown>>) : {};
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  const files: string[] = [];
  const { token, token_file: tokenFile, host, port, hostnames } = said;

  const read = (): string | null => {
    if (token !== undefined && tokenFile !== undefined) problems.push(document.problem("admin_token_twice", undefined, ["admin", "token_file"], { ofKey: true }));
    const reference = typeof tokenFile === "string" && tokenFile !== "" ? { from_file: tokenFile } : referenceOf(token);
    const path: Path = ["admin", tokenFile === undefined ? "token" : "token_file"];
    if (reference === null || reference === "wrong") return typeof token === "string" ? accept(token, path) : null;
    if ("from_env" in reference) {
      const found = sources.variable(reference.from_env);
      if (found === undefined) problems.push(document.problem("admin_token_source", { source: `the environment variable ${reference.from_env}`, fault: "it is not set" }, path));
      return found === undefined ? null : accept(found, path);
    }
    const file = resolve(folder, reference.from_file);
    files.push(file);
    const found = sources.file(file);
    if ("text" in found) return accept(found.text.trim(), path);
    problems.push(document.problem("admin_token_source", { source: `the file ${reference.from_file}`, fault: found.fault }, path));
    return null;
  };
  const accept = (text: string, path: Path): string | null => {
    if (text.length >= LEAST_TOKEN_LENGTH && /^[\x21-\x7e]+$/.test(text)) return text;
    problems.push(document.problem("admin_token_weak", { least: LEAST_TOKEN_LENGTH }, path, { isSecret: true }));
    return null;
  };

  const address = typeof host === "string" ? listenAddress(host) : null;
  const isLocal = address === null || isLoopback(address);
  if (typeof port === "number" && token === undefined && tokenFile === undefined) problems.push(document.problem("admin_token_needed", undefined, ["admin", "port"], { ofKey: true }));
  if (said["public"] === true && port === undefined) problems.push(document.problem("admin_public_port", undefined, ["admin", "public"], { ofKey: true }));
  if (!isLocal && said["public"] !== true) problems.push(document.problem("admin_not_local", { host: address ?? "" }, ["admin", "host"]));
  if (!isLocal && said["public"] === true && typeof port === "number") warnings.push(document.problem("admin_public", { host: address ?? "" }, ["admin", "public"], { ofKey: true }));
  const socket = said["socket"];
  return {
    config: {
      isEnabled: said["enabled"] !== false,
      socket: typeof socket === "string" ? resolve(folder, socket) : null,
      port: typeof port === "number" ? port : null,
      host: address ?? DEFAULT_ADMIN_HOST,
      hostnames: Array.isArray(hostnames) ? hostnames.flatMap((name) => (typeof name === "string" ? (parseHostPattern(name) ?? []) : [])) : [],
      token: read(),
    },
    problems,
    warnings,
    files,
    hasInlineSecrets: typeof token === "string",
  };
}

/** Nobody but this machine gets there. */
export function isLoopback(address: string): boolean {
  return address === "localhost" || (ipaddr.isValid(address) && ipaddr.parse(address).range() === "loopback");
}
