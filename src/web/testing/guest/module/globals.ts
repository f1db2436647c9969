/** The web globals that `nano:test` uses, as they were before a test replaced any of them. */

export interface WebHeaders extends Iterable<[string, string]> {
  get(name: string): string | null;
  set(name: string, value: string): void;
  delete(name: string): void;
}
export interface WebReader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array<ArrayBuffer> }>;
  cancel(reason?: unknown): Promise<void>;
}
export interface WebStream {
  getReader(): WebReader;
}
export interface WebRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: WebHeaders;
}
export interface WebResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: WebHeaders;
  readonly body: WebStream | null;
}
interface StreamSource {
  pull(controller: { enqueue(chunk: Uint8Array): void; close(): void }): Promise<void>;
  cancel(): void;
}

interface WebGlobals {
  readonly fetch: (request: WebRequest) => Promise<WebResponse>;
  readonly Request: new (input: unknown, init?: object) => WebRequest;
  readonly Response: new (body?: unknown, init?: object) => WebResponse;
  readonly ReadableStream: new (source: StreamSource, strategy?: { readonly highWaterMark: number }) => WebStream;
  readonly URL: new (url: string, base?: string) => { readonly href: string };
}

const { fetch, Request, Response, ReadableStream, URL } = globalThis as unknown as WebGlobals;
export const web: WebGlobals = { fetch, Request, Response, ReadableStream, URL };
