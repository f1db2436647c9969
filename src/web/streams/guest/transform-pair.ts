/** The pair of streams behind TextDecoderStream, CompressionStream and their like (https://streams.spec.whatwg.org/#generictransformstream). */
import { TransformStream, TransformStreamDefaultController } from "web-streams-polyfill";
import { getOwnPropertyDescriptor, uncurryThis } from "../../infra/guest/primordials.ts";
import type { ByteStream } from "../guest.ts";

type Controller = TransformStreamDefaultController<unknown>;

export interface TransformPair {
  readonly readable: ByteStream;
  readonly writable: object;
}

export interface Transformer {
  /** What it throws or rejects with fails both sides. */
  transform(chunk: unknown, enqueue: (chunk: unknown) => void): Promise<void> | void;
  flush(enqueue: (chunk: unknown) => void): Promise<void> | void;
  /** Either side was given up. */
  cancel?(): void;
}

const enqueueOn = uncurryThis(TransformStreamDefaultController.prototype.enqueue as (this: Controller, chunk: unknown) => void);
const attribute = (key: string) => uncurryThis(getOwnPropertyDescriptor(TransformStream.prototype, key)?.get as (this: object) => unknown);
const readableOf = attribute("readable");
const writableOf = attribute("writable");

export function createTransformPair({ transform, flush, cancel }: Transformer): TransformPair {
  const transformer = {
    __proto__: null,
    transform: (chunk: unknown, controller: Controller) => transform(chunk, (output) => enqueueOn(controller, output)),
    flush: (controller: Controller) => flush((output) => enqueueOn(controller, output)),
    cancel,
  };
  const stream = new TransformStream(transformer as unknown as ConstructorParameters<typeof TransformStream>[0]);
  return { readable: readableOf(stream) as ByteStream, writable: writableOf(stream) as object };
}
