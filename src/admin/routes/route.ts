/** What a route is: one declaration that gives the handler, the checks of what comes in, and the entry in the OpenAPI document. */
import * as v from "valibot";
import { limits } from "../../limits.ts";
import type { OperationCode } from "../operation-error.ts";
import type { Operations } from "../operations.ts";
import type { SchemaName, schemas } from "../schemas.ts";

type Query = Readonly<Record<string, v.GenericSchema>>;
type BodyOf<B extends SchemaName | null> = B extends SchemaName ? v.InferOutput<(typeof schemas)[B]> : undefined;

export interface Asked<Q extends Query, B extends SchemaName | null> {
  /** Of the path's `:name`. */
  readonly name: string;
  readonly query: { readonly [K in keyof Q]: v.InferOutput<Q[K]> };
  readonly body: BodyOf<B>;
  /** Aborts when the client goes. */
  readonly signal: AbortSignal;
}

export type Reply =
  | { readonly status: number; readonly json: unknown }
  | { readonly status: number; readonly type: string; readonly body: string | ReadableStream<Uint8Array> };

/** Of what a route says: a schema by its name, or a media type. */
export type ReplyKind = { readonly about: string; readonly schema: SchemaName } | { readonly about: string; readonly type: string };

export interface Route {
  readonly method: "get" | "post" | "put" | "patch" | "delete";
  /** `:name` stands for an app. */
  readonly path: string;
  readonly summary: string;
  readonly query: Query;
  readonly body: SchemaName | null;
  readonly replies: Readonly<Record<number, ReplyKind>>;
  readonly refuses: readonly OperationCode[];
  readonly handle: (asked: Asked<Query, SchemaName>, operations: Operations) => Promise<Reply>;
}

interface RouteSpec<Q extends Query, B extends SchemaName | null> extends Omit<Route, "query" | "body" | "handle" | "refuses"> {
  readonly query?: Q;
  readonly body?: B;
  readonly refuses?: readonly OperationCode[];
  readonly handle: (asked: Asked<Q, B>, operations: Operations) => Promise<Reply>;
}

/** `query` and `body` have passed their schemas when `handle` sees them. */
export function route<Q extends Query = {}, B extends SchemaName | null = null>({ query, body, refuses = [], ...rest }: RouteSpec<Q, B>): Route {
  return { ...rest, query: query ?? {}, body: body ?? null, refuses } as Route;
}

const yes = (description: string) =>
  v.pipe(
    v.optional(v.picklist(["true", "false"], 'must be "true" or "false"'), "false"),
    v.transform((text) => text === "true"),
    v.description(description),
  );

export const persist = yes("Write the config file too, so that the change outlasts nano.");
export const { most: MOST_DRAIN_MS } = limits.drain_ms;
export const drainMs = v.pipe(
  v.optional(v.pipe(v.string(), v.regex(/^\d{1,6}$/, `must be milliseconds, 0 to ${MOST_DRAIN_MS}`), v.check((text) => Number(text) <= MOST_DRAIN_MS, `must be milliseconds, 0 to ${MOST_DRAIN_MS}`))),
  v.description("How long what runs may go on, in milliseconds, if that is less than the app's own `drain_ms`."),
);
export const optionalText = (description: string) => v.pipe(v.optional(v.pipe(v.string(), v.minLength(1, "must not be empty"))), v.description(description));
