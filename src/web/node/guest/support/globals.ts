/** The web globals that the modules use, with types. */

export interface WebEvent {
  readonly type: string;
}
export interface WebEventTarget {
  addEventListener(type: string, listener: (event: WebEvent) => void, options?: { readonly once?: boolean }): void;
  removeEventListener(type: string, listener: (event: WebEvent) => void): void;
}
export interface Signal extends WebEventTarget {
  readonly aborted: boolean;
  readonly reason: unknown;
}
export interface WebUrl {
  href: string;
  protocol: string;
  hostname: string;
  port: string;
  pathname: string;
  search: string;
  hash: string;
  username: string;
  password: string;
  host: string;
}

interface WebGlobals {
  readonly TextEncoder: new () => { encode(text: string): Uint8Array<ArrayBuffer> };
  readonly TextDecoder: new (label?: string, options?: { readonly ignoreBOM?: boolean; readonly fatal?: boolean }) => { decode(bytes?: Uint8Array, options?: { readonly stream: boolean }): string };
  readonly URL: { new (url: string, base?: string): WebUrl; readonly prototype: WebUrl };
  readonly URLSearchParams: new (init?: unknown) => object;
  readonly Blob: new (parts: readonly unknown[]) => { arrayBuffer(): Promise<ArrayBuffer>; text(): Promise<string> };
  readonly File: new (parts: readonly unknown[], name: string) => object;
  readonly crypto: { getRandomValues<T>(array: T): T; randomUUID(): string; readonly subtle: object };
  readonly performance: { now(): number; readonly timeOrigin: number };
  readonly console: { log(...data: unknown[]): void; warn(...data: unknown[]): void; error(...data: unknown[]): void };
  readonly atob: (text: string) => string;
  readonly btoa: (text: string) => string;
  readonly queueMicrotask: (run: () => void) => void;
  readonly setTimeout: (run: (...args: never[]) => void, ms?: number, ...args: unknown[]) => number;
  readonly setInterval: (run: (...args: never[]) => void, ms?: number, ...args: unknown[]) => number;
  readonly clearTimeout: (handle?: number) => void;
  readonly EventTarget: new () => WebEventTarget;
  readonly AbortController: new () => { readonly signal: Signal; abort(reason?: unknown): void };
  readonly AbortSignal: { new (): Signal; abort(reason?: unknown): Signal };
  readonly DOMException: new (message: string, name: string) => Error;
}

export const web = globalThis as unknown as WebGlobals;
