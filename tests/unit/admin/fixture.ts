import { createAdminApp } from "../../../src/admin/app.ts";
import { Token } from "../../../src/admin/auth.ts";
import type { Gate } from "../../../src/admin/gate.ts";
import { FakeOperations } from "./fake-operations.ts";

export const TOKEN = "t0ken-0123456789abcdef0123456789AB";

/** The app behind a TCP listener, without one. */
export function bench(gate: Partial<Gate> = {}) {
  const operations = new FakeOperations();
  const events: [string, Readonly<Record<string, unknown>>][] = [];
  const faults: unknown[] = [];
  const observer = { event: (name: string, fields: Readonly<Record<string, unknown>>) => void events.push([name, fields]), fault: (_: string, error: unknown) => void faults.push(error) };
  const app = createAdminApp({ operations, observer, version: "1.2.3", closing: new AbortController().signal, gate: () => ({ token: new Token(TOKEN), hosts: new Set(["127.0.0.1", "localhost"]), takesAddresses: false, ...gate }) });
  const ask = async (method: string, path: string, { json, ...init }: RequestInit & { readonly json?: unknown } = {}) => {
    const headers = { host: "127.0.0.1:9999", authorization: `Bearer ${TOKEN}`, ...(json === undefined ? {} : { "content-type": "application/json" }), ...(init.headers as Record<string, string>) };
    return app.fetch(new Request(`http://127.0.0.1:9999${path}`, { method, ...init, ...(json === undefined ? {} : { body: JSON.stringify(json) }), headers }));
  };
  return { operations, events, faults, app, ask };
}
