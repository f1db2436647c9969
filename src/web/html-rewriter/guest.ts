/**
 * HTMLRewriter (https://developers.cloudflare.com/workers/runtime-apis/html-rewriter/), all of it in the isolate: the host's own would have to call handlers of the app in
 * the middle of its work, and takes exponential time and memory for selectors such as `div div div div p`. Here both are the app's, metered and paused like its own code.
 */
import { decodeWith, TextDecoder } from "../encoding/guest/text-decoder.ts";
import { utf8Encode } from "../encoding/guest/utf8.ts";
import { isBodyLocked, isBodyUsed, bodyOfStream, streamOf, takeBody } from "../fetch/guest/body.ts";
import { headerOf, headersOfBlock } from "../fetch/guest/headers.ts";
import { extractMimeType, mimeParameter } from "../fetch/guest/mime-type.ts";
import { isResponse, type Response, responseBlock, responseOf, responseState } from "../fetch/guest/response.ts";
import { arrayPush, arraySlice, promiseIgnore, SafeTypeError, SafeUint8Array, stringSplit, stringToLowerCase, typedArrayBuffer, typedArrayByteLength, typedArrayByteOffset, typedArrayName } from "../infra/guest/primordials.ts";
import { defineInterface, requireArguments } from "../infra/guest/webidl.ts";
import { isObject, toCallback, toUSVString } from "../infra/guest/webidl-convert.ts";
import { type ByteStream, cancelReader, createByteStream, openReader, readNext } from "../streams/guest/door.ts";
import { type Handler, type Handlers, type Program, Rewriting } from "./guest/rewriter.ts";
import { parseSelector, type Step } from "./guest/selector.ts";

/** How much of the document is worked on at once. */
const PIECE_BYTES = 65_536;
const STREAM = { __proto__: null, stream: true };

type Bytes = Uint8Array<ArrayBuffer>;

export class HTMLRewriter {
  #steps: Step[] = [];
  #starts: number[] = [];
  #onElements: Handlers[] = [];
  #onDocument: Handlers[] = [];

  on(selector: unknown, handlers: unknown): this {
    const owner = this.#onElements.length;
    requireArguments(arguments.length, 2, "HTMLRewriter.on");
    const given = toHandlers(handlers, "HTMLRewriter.on", false);
    const steps = arraySlice(this.#steps);
    const starts = parseSelector(toUSVString(selector, "HTMLRewriter.on"), owner, steps);
    this.#steps = steps;
    for (let i = 0; i < starts.length; i++) arrayPush(this.#starts, starts[i] as number);
    arrayPush(this.#onElements, given);
    return this;
  }
  onDocument(handlers: unknown): this {
    const list = this.#onDocument;
    requireArguments(arguments.length, 1, "HTMLRewriter.onDocument");
    arrayPush(list, toHandlers(handlers, "HTMLRewriter.onDocument", true));
    return this;
  }
  transform(response: unknown): Response {
    const program: Program = { steps: this.#steps, starts: arraySlice(this.#starts), onElements: arraySlice(this.#onElements), onDocument: arraySlice(this.#onDocument) };
    requireArguments(arguments.length, 1, "HTMLRewriter.transform");
    if (!isResponse(response)) throw new SafeTypeError("HTMLRewriter.transform: not a Response");
    const state = responseState(response);
    const { body } = state;
    if (body === null) return response;
    if (isBodyUsed(body) || isBodyLocked(body)) throw new SafeTypeError("HTMLRewriter.transform: the body has been read already");
    const type = extractMimeType(contentTypeOf(responseBlock(state)));
    const decoder = new TextDecoder((type === null ? null : mimeParameter(type, "charset")) ?? "utf-8", { __proto__: null, ignoreBOM: true });
    // What goes out is UTF-8, whatever came in.
    const newType = type === null || decoder.encoding === "utf-8" ? null : type.essence + ";charset=utf-8";
    const rewritten = bodyOfStream(rewrite(streamOf(takeBody(body)), decoder, new Rewriting(program)));
    return responseOf({ type: state.type, url: state.url, redirected: state.redirected, status: state.status, statusText: state.statusText, headers: null, block: newBlock(responseBlock(state), newType), body: rewritten });
  }
}
defineInterface(HTMLRewriter, "HTMLRewriter");

function toHandlers(value: unknown, where: string, isDocument: boolean): Handlers {
  if (!isObject(value)) throw new SafeTypeError(where + ": the handlers are not an object");
  const self = value as Record<string, unknown>;
  const handler = (name: string): Handler | null => {
    const given = self[name];
    return given === undefined || given === null ? null : toCallback<Handler>(given, where + ": " + name);
  };
  return {
    self,
    comments: handler("comments"),
    text: handler("text"),
    element: isDocument ? null : handler("element"),
    doctype: isDocument ? handler("doctype") : null,
    end: isDocument ? handler("end") : null,
  };
}

const contentTypeOf = (block: string): string | null => headerOf(headersOfBlock(block, "none"), "content-type");

/** The fields without the length, which is another one now, and with `type` if that is given. */
function newBlock(block: string, type: string | null): string {
  const parts = stringSplit(block, "\n");
  let kept = "";
  for (let i = 0; i + 1 < parts.length; i += 2) {
    const name = parts[i] as string;
    const key = stringToLowerCase(name);
    if (key === "content-length" || (key === "content-type" && type !== null)) continue;
    kept = kept + name + "\n" + (parts[i + 1] as string) + "\n";
  }
  return type === null ? kept : kept + "content-type\n" + type + "\n";
}

function rewrite(source: ByteStream, decoder: TextDecoder, rewriting: Rewriting): ByteStream {
  const reader = openReader(source);
  /** What has been read and not been worked on. */
  let rest: Bytes | null = null;
  let isOver = false;
  const next = async (): Promise<string> => {
    if (rest === null) {
      const { done, value } = await readNext(reader);
      if (done) {
        isOver = true;
        return (await rewriting.push(decodeWith(decoder))) + (await rewriting.push(null));
      }
      if (typedArrayName(value) !== "Uint8Array") throw new SafeTypeError("HTMLRewriter: the body gave something that is no Uint8Array");
      rest = value as Bytes;
    }
    const piece: Bytes = rest;
    const length = typedArrayByteLength(piece);
    rest = length > PIECE_BYTES ? part(piece, PIECE_BYTES, length - PIECE_BYTES) : null;
    return await rewriting.push(decodeWith(decoder, length > PIECE_BYTES ? part(piece, 0, PIECE_BYTES) : piece, STREAM));
  };
  const pull = async (): Promise<Bytes | null> => {
    try {
      while (!isOver) {
        const html = await next();
        if (html !== "") return utf8Encode(html);
      }
      return null;
    } catch (error) {
      promiseIgnore(cancelReader(reader, error));
      throw error;
    }
  };
  return createByteStream(pull, (reason) => promiseIgnore(cancelReader(reader, reason)));
}

const part = (bytes: Bytes, from: number, length: number): Bytes => new SafeUint8Array(typedArrayBuffer(bytes), typedArrayByteOffset(bytes) + from, length);
