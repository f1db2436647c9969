/** Streams (https://streams.spec.whatwg.org): web-streams-polyfill as the implementation, given the shape of IDL interfaces and our own ways in. */
import {
  ByteLengthQueuingStrategy,
  CountQueuingStrategy,
  ReadableByteStreamController,
  ReadableStream,
  ReadableStreamBYOBReader,
  ReadableStreamBYOBRequest,
  ReadableStreamDefaultController,
  ReadableStreamDefaultReader,
  TransformStream,
  TransformStreamDefaultController,
  WritableStream,
  WritableStreamDefaultController,
  WritableStreamDefaultWriter,
} from "web-streams-polyfill";
import { AsyncIteratorPrototype, getOwnPropertyDescriptor, getPrototypeOf, ownKeys, promiseThen, SafePromise, SafeTypeError, setPrototypeOf, symbolAsyncIterator, symbolDescription, typedArrayName, uncurryThis } from "../infra/guest/primordials.ts";
import { expose, type Interface } from "../infra/guest/webidl.ts";

const interfaces: readonly (readonly [string, Interface])[] = [
  ["ReadableStream", ReadableStream],
  ["ReadableStreamDefaultReader", ReadableStreamDefaultReader],
  ["ReadableStreamBYOBReader", ReadableStreamBYOBReader],
  ["ReadableStreamDefaultController", ReadableStreamDefaultController],
  ["ReadableByteStreamController", ReadableByteStreamController],
  ["ReadableStreamBYOBRequest", ReadableStreamBYOBRequest],
  ["WritableStream", WritableStream],
  ["WritableStreamDefaultWriter", WritableStreamDefaultWriter],
  ["WritableStreamDefaultController", WritableStreamDefaultController],
  ["TransformStream", TransformStream],
  ["TransformStreamDefaultController", TransformStreamDefaultController],
  ["ByteLengthQueuingStrategy", ByteLengthQueuingStrategy],
  ["CountQueuingStrategy", CountQueuingStrategy],
];
for (let i = 0; i < interfaces.length; i++) {
  const { 0: name, 1: cls } = interfaces[i] as (typeof interfaces)[number];
  expose(name, cls);
}

// The library makes its iterators' prototype from what it finds, and finds none in this engine.
const iteratorPrototype = getPrototypeOf(new ReadableStream()[symbolAsyncIterator]()) as object;
setPrototypeOf(iteratorPrototype, AsyncIteratorPrototype);

export { createTransformPair } from "./guest/transform-pair.ts";
export { ReadableStream, TransformStream, WritableStream };
export type Bytes = Uint8Array<ArrayBuffer> | null;
export type ByteStream = ReadableStream<unknown>;
export type Reader = ReadableStreamDefaultReader<unknown>;

type Getter<T> = (self: object) => T;
const getter = <T>(prototype: object, key: string) => uncurryThis(getOwnPropertyDescriptor(prototype, key)?.get as (this: object) => T) as Getter<T>;

const getLocked = getter<boolean>(ReadableStream.prototype, "locked");
const acquireReader = uncurryThis(ReadableStream.prototype.getReader as (this: ByteStream) => Reader);
const releaseReader = uncurryThis(ReadableStreamDefaultReader.prototype.releaseLock as (this: Reader) => void);
const cancelThrough = uncurryThis(ReadableStreamDefaultReader.prototype.cancel as (this: Reader, reason: unknown) => Promise<void>);
const cancelDirectly = uncurryThis(ReadableStream.prototype.cancel as (this: ByteStream, reason: unknown) => Promise<void>);
const split = uncurryThis(ReadableStream.prototype.tee as (this: ByteStream) => [ByteStream, ByteStream]);

const enqueueOn = uncurryThis(ReadableByteStreamController.prototype.enqueue as (this: ReadableByteStreamController, chunk: ArrayBufferView) => void);
const closeOn = uncurryThis(ReadableByteStreamController.prototype.close as (this: ReadableByteStreamController) => void);
export const errorOn = uncurryThis(ReadableByteStreamController.prototype.error as (this: ReadableByteStreamController, reason: unknown) => void);
const byobRequestOf = getter<ReadableStreamBYOBRequest | null>(ReadableByteStreamController.prototype, "byobRequest");
const respondTo = uncurryThis(ReadableStreamBYOBRequest.prototype.respond as (this: ReadableStreamBYOBRequest, bytes: number) => void);

export function isReadableStream(value: unknown): value is ByteStream {
  try {
    getLocked(value as object);
    return true;
  } catch {
    return false;
  }
}
export const isLocked = (stream: ByteStream): boolean => getLocked(stream);
/** https://streams.spec.whatwg.org/#is-readable-stream-disturbed. The library keeps it in a field of this name. */
export const isDisturbed = (stream: ByteStream): boolean => (stream as unknown as { _disturbed: boolean })._disturbed === true;
export const openReader = (stream: ByteStream): Reader => acquireReader(stream);

/** What the library keeps in fields of these names. */
interface Internals {
  _disturbed: boolean;
  readonly _state: "readable" | "closed" | "errored";
  readonly _storedError: unknown;
  readonly _readableStreamController: { readonly [pullSteps]: (request: ReadRequest) => void };
}

/** https://streams.spec.whatwg.org/#read-request */
export interface ReadRequest {
  _chunkSteps(chunk: unknown): void;
  _closeSteps(): void;
  _errorSteps(error: unknown): void;
}

const pullSteps: unique symbol = internalKey(ReadableStreamDefaultController.prototype, "[[PullSteps]]");

function internalKey(prototype: object, name: string): never {
  const keys = ownKeys(prototype);
  for (let i = 0; i < keys.length; i++) if (typeof keys[i] === "symbol" && symbolDescription(keys[i] as symbol) === name) return keys[i] as never;
  throw new SafeTypeError("the streams have no " + name);
}

export interface Chunk {
  readonly done: boolean;
  readonly value: unknown;
}

/** As `reader.read()`, but what it resolves with has no prototype, where an app could have put a `then`. */
export function readNext(reader: Reader): Promise<Chunk> {
  return new SafePromise((resolve, reject) =>
    readInto(
      reader,
      readRequest(
        (value) => resolve({ __proto__: null, done: false, value } as Chunk),
        () => resolve({ __proto__: null, done: true, value: undefined } as Chunk),
        reject,
      ),
    ),
  );
}

export const readRequest = (take: (chunk: unknown) => void, end: () => void, fail: (error: unknown) => void): ReadRequest => ({ __proto__: null, _chunkSteps: take, _closeSteps: end, _errorSteps: fail }) as ReadRequest;

/** Reads without a promise: one of the three is called, now or later. May be asked again from there. https://streams.spec.whatwg.org/#readable-stream-default-reader-read */
export function readInto(reader: Reader, request: ReadRequest): void {
  const stream = (reader as unknown as { readonly _ownerReadableStream: Internals })._ownerReadableStream;
  stream._disturbed = true;
  if (stream._state === "closed") request._closeSteps();
  else if (stream._state === "errored") request._errorSteps(stream._storedError);
  else stream._readableStreamController[pullSteps](request);
}
/** Nobody can read it any more: what it would have given goes another way. */
export function seize(stream: ByteStream): void {
  acquireReader(stream);
  (stream as unknown as Internals)._disturbed = true;
}
export const release = (reader: Reader): void => releaseReader(reader);
export const cancelReader = (reader: Reader, reason: unknown): Promise<void> => cancelThrough(reader, reason);
export const cancelStream = (stream: ByteStream, reason: unknown): Promise<void> => cancelDirectly(stream, reason);
export const tee = (stream: ByteStream): [ByteStream, ByteStream] => split(stream);

/**
 * A byte stream over `pull`, which gives the next chunk, or null at the end, now or later. Nothing is read ahead of the consumer. `opened` is given the way to fail
 * the stream from outside.
 */
export function createByteStream(pull: () => Bytes | Promise<Bytes>, cancel: (reason: unknown) => void, opened?: (fail: (reason: unknown) => void) => void): ByteStream {
  return new ReadableStream(
    {
      __proto__: null,
      type: "bytes",
      start(controller: ReadableByteStreamController) {
        opened?.((reason) => errorOn(controller, reason));
      },
      pull(controller: ReadableByteStreamController) {
        const chunk = pull();
        if (chunk !== null && typedArrayName(chunk) === undefined) return pulled(chunk as Promise<Bytes>, (late) => give(controller, late));
        give(controller, chunk as Bytes);
        return undefined;
      },
      cancel,
    } as unknown as ConstructorParameters<typeof ReadableStream>[0],
    { __proto__: null, highWaterMark: 0 } as unknown as { highWaterMark: 0 },
  ) as ByteStream;
}

/** A stream of what `map` makes of each chunk of `stream`, read no faster than it is itself. */
export function mapStream(stream: ByteStream, map: (chunk: unknown) => unknown): ByteStream {
  const reader = acquireReader(stream);
  return new ReadableStream(
    {
      __proto__: null,
      pull: (controller: ReadableStreamDefaultController<unknown>) =>
        pulled(readNext(reader), ({ done, value }) => {
          if (done) closeDefault(controller);
          else enqueueDefault(controller, map(value));
        }),
      cancel: (reason: unknown) => cancelThrough(reader, reason),
    } as unknown as ConstructorParameters<typeof ReadableStream>[0],
    { __proto__: null, highWaterMark: 0 } as unknown as { highWaterMark: 0 },
  ) as ByteStream;
}

const enqueueDefault = uncurryThis(ReadableStreamDefaultController.prototype.enqueue as (this: ReadableStreamDefaultController<unknown>, chunk: unknown) => void);
export const errorWritable = uncurryThis(WritableStreamDefaultController.prototype.error as (this: WritableStreamDefaultController, reason: unknown) => void);
const closeDefault = uncurryThis(ReadableStreamDefaultController.prototype.close as (this: ReadableStreamDefaultController<unknown>) => void);

/** Enqueues `chunk`, whose buffer it takes, or closes the stream: null. */
export function give(controller: ReadableByteStreamController, chunk: Bytes): void {
  if (chunk !== null) {
    enqueueOn(controller, chunk);
    return;
  }
  closeOn(controller);
  const request = byobRequestOf(controller);
  if (request !== null) respondTo(request, 0);
}

/** What a pull algorithm returns: settled when `take` has had what `read` resolves with. No promise, because the library would call its `then`, which an app may have replaced. */
function pulled<T>(read: Promise<T>, take: (value: T) => void): PromiseLike<void> {
  const then = (resolve: () => void, reject: (reason: unknown) => void): void =>
    void promiseThen(
      read,
      (value) => {
        try {
          take(value);
          resolve();
        } catch (error) {
          reject(error);
        }
      },
      reject,
    );
  return { __proto__: null, then } as unknown as PromiseLike<void>;
}
