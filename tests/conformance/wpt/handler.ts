/** What a handler of the stand-in server is, and what handlers share. */
import type { Field, WireRequest } from "./connection.ts";

/** What handlers keep between requests, by key and place. A value is taken once. */
export class Stash {
  readonly #values = new Map<string, unknown>();
  put(key: string, value: unknown, place: string): void {
    this.#values.set(`${place}|${key}`, value);
  }
  take<T>(key: string, place: string): T | null {
    const name = `${place}|${key}`;
    const value = this.#values.get(name);
    this.#values.delete(name);
    return (value as T | undefined) ?? null;
  }
}

export type Handler = (request: WireRequest, stash: Stash) => boolean | Promise<boolean>;

export const cors = (request: WireRequest): Field[] =>
  request.header("origin") === undefined ? [["Access-Control-Allow-Origin", "*"]] : [["Access-Control-Allow-Origin", request.header("origin") as string], ["Access-Control-Allow-Credentials", "true"]];
