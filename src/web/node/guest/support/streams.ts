/** What readable-stream exports, as far as this code touches it. */
export interface NodeReadable {
  on(event: string, listener: (...args: never[]) => void): this;
  [Symbol.asyncIterator](): AsyncIterator<unknown>;
}
type StreamClass = (new (options?: object) => NodeReadable) & { from(items: unknown, options?: object): NodeReadable };

export interface StreamModule {
  readonly Readable: StreamClass;
  readonly Writable: StreamClass;
  readonly Duplex: StreamClass;
  readonly Transform: StreamClass;
  readonly PassThrough: StreamClass;
  readonly Stream: StreamClass;
  readonly pipeline: (...streams: unknown[]) => unknown;
  readonly finished: (...args: unknown[]) => unknown;
  readonly compose: (...streams: unknown[]) => unknown;
  readonly addAbortSignal: (signal: object, stream: object) => object;
  readonly destroy: (stream: object, error?: unknown) => void;
  readonly isDestroyed: (stream: object) => boolean;
  readonly isDisturbed: (stream: object) => boolean;
  readonly isErrored: (stream: object) => boolean;
  readonly isReadable: (stream: object) => boolean;
  readonly isWritable: (stream: object) => boolean;
  readonly setDefaultHighWaterMark: (objectMode: boolean, value: number) => void;
  readonly getDefaultHighWaterMark: (objectMode: boolean) => number;
  readonly promises: { readonly pipeline: (...streams: unknown[]) => Promise<unknown>; readonly finished: (...args: unknown[]) => Promise<unknown> };
}
