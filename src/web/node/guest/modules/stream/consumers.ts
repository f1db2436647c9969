/** node:stream/consumers (https://nodejs.org/api/webstreams.html#utility-consumers): a whole stream, of Node's or of the web's. */
import { Buffer, type NodeBuffer } from "../../support/buffer.ts";
import { web } from "../../support/globals.ts";

type Source = AsyncIterable<unknown>;

async function bytesOf(stream: Source): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    const bytes = typeof chunk === "string" ? new web.TextEncoder().encode(chunk) : (chunk as Uint8Array);
    chunks.push(bytes);
    length += bytes.byteLength;
  }
  const all = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.byteLength;
  }
  return all;
}

export const arrayBuffer = async (stream: Source): Promise<ArrayBuffer> => (await bytesOf(stream)).buffer as ArrayBuffer;
export const buffer = async (stream: Source): Promise<NodeBuffer> => Buffer.from(await arrayBuffer(stream));
export const text = async (stream: Source): Promise<string> => new web.TextDecoder().decode(await bytesOf(stream));
export const json = async (stream: Source): Promise<unknown> => JSON.parse(await text(stream));
export const blob = async (stream: Source): Promise<object> => new web.Blob([await bytesOf(stream)]);
export default { arrayBuffer, blob, buffer, json, text };
