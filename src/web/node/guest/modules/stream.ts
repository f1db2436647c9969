/** node:stream (https://nodejs.org/api/stream.html): the readable-stream package, with the conversions from and to web streams. */
import Stream from "readable-stream/lib/stream.js";
import type { NodeReadable } from "../support/streams.ts";

interface WebReadable {
  getReader(): { read(): Promise<{ done: boolean; value: unknown }>; cancel(reason?: unknown): Promise<void>; releaseLock(): void };
}
interface Controller {
  enqueue(chunk: unknown): void;
  close(): void;
}
declare const ReadableStream: new (source: object, strategy?: object) => WebReadable;

/** https://nodejs.org/api/stream.html#streamreadablefromwebreadablestream-options */
function fromWeb(stream: WebReadable, options: object = {}): NodeReadable {
  const reader = stream.getReader();
  return new Stream.Readable({
    ...options,
    read(this: NodeReadable & { push(chunk: unknown): void; destroy(error: unknown): void }) {
      reader.read().then(
        ({ done, value }) => this.push(done ? null : value),
        (error) => this.destroy(error),
      );
    },
    destroy(error: unknown, callback: (error: unknown) => void) {
      reader.cancel(error).then(
        () => callback(error),
        (reason) => callback(error ?? reason),
      );
    },
  });
}

/** https://nodejs.org/api/stream.html#streamreadabletowebstreamreadable-options */
function toWeb(readable: NodeReadable): WebReadable {
  const iterator = readable[Symbol.asyncIterator]();
  return new ReadableStream(
    {
      async pull(controller: Controller) {
        const { done, value } = await iterator.next();
        if (done) controller.close();
        else controller.enqueue(value instanceof Uint8Array ? new Uint8Array(value) : value);
      },
      async cancel() {
        await iterator.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}
Object.assign(Stream.Readable, { fromWeb, toWeb });
/** That of today's Node; the package has that of older ones. */
const HIGH_WATER_BYTES = 65_536;
Stream.setDefaultHighWaterMark(false, HIGH_WATER_BYTES);

export const {
  Readable, Writable, Duplex, Transform, PassThrough, pipeline, finished, compose, addAbortSignal, destroy, isDestroyed, isDisturbed, isErrored, isReadable, isWritable, setDefaultHighWaterMark, getDefaultHighWaterMark, promises,
} = Stream;
export { Stream };
export default Stream;
