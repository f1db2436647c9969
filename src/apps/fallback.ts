/** The upstream that takes requests on which an app threw after `passThroughOnException()`. The operator names it, so it may be anywhere. */
import { type ByteSource, eachHeader, type ResponseWire } from "../base/wire.ts";
import type { DispatchRequest } from "./dispatch.ts";

/** Between two hops, or no longer true once the host's fetch has read the message. */
const DROPPED = new Set(["connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "host", "content-length", "content-encoding"]);

/** What the upstream answers; null when the request cannot be sent again, because its body has gone to the app, or when the upstream fails. */
export async function passThrough(upstream: string, request: DispatchRequest): Promise<ResponseWire | null> {
  if (request.body !== null) return null;
  const { pathname, search } = new URL(request.url);
  const headers = new Headers();
  eachHeader(request.headers, (name, value) => {
    if (!DROPPED.has(name)) headers.append(name, value);
  });
  try {
    const response = await fetch(new URL(upstream).origin + pathname + search, { method: request.method, headers, redirect: "manual" });
    let block = "";
    response.headers.forEach((value, name) => {
      if (!DROPPED.has(name) && name !== "set-cookie") block += `${name}\n${value}\n`;
    });
    for (const cookie of response.headers.getSetCookie()) block += `set-cookie\n${cookie}\n`;
    return { status: response.status, statusText: response.statusText, headers: block, body: response.body === null ? null : sourceOf(response.body) };
  } catch {
    return null;
  }
}

function sourceOf(stream: ReadableStream<Uint8Array>): ByteSource {
  const reader = stream.getReader();
  return {
    async pull() {
      const { done, value } = await reader.read();
      return done ? null : value;
    },
    cancel(reason) {
      reader.cancel(reason).catch(() => {});
    },
  };
}
