/**
 * Bodies (https://fetch.spec.whatwg.org/#bodies). A body is kept in the form it came in, text, bytes or a source of the host's, and becomes a stream only when
 * somebody asks for one: most are read whole, or passed on as they are.
 */
import { type Blob, blobBytes, blobOf, blobSize, blobType, isBlob } from "../../blob/guest/door.ts";
import { utf8Decode, utf8DecodeWithoutBom, utf8Encode } from "../../encoding/guest/utf8.ts";
import { formEntries, formOf, isFormData, parseMultipart, serializeMultipart } from "../../form-data/guest/door.ts";
import { hostOps } from "../../infra/guest/host-ops.ts";
import {
  arrayPush,
  jsonParse,
  numberToString,
  promiseIgnore,
  promiseReject,
  promiseResolve,
  promiseThen,
  SafePromise,
  SafeTypeError,
  SafeUint8Array,
  SafeWeakMap,
  stringSlice,
  stringStartsWith,
  typedArrayBuffer,
  typedArrayByteLength,
  typedArrayName,
  typedArraySet,
  weakMapGet,
  weakMapSet,
} from "../../infra/guest/primordials.ts";
import { toUSVString, viewBytes } from "../../infra/guest/webidl-convert.ts";
import { type ByteStream, cancelStream, createByteStream, isDisturbed, isLocked, isReadableStream, mapStream, openReader, readNext, seize, tee } from "../../streams/guest/door.ts";
import { structuredCloneOf } from "../../structured-clone/guest/door.ts";
import { formTextOf, isURLSearchParams } from "../../url/guest/url-search-params.ts";
import { parseFormUrlencoded } from "../../url/guest/form-urlencoded.ts";
import { fetchOps } from "../ops.ts";
import { extractMimeType, mimeParameter, serializeMimeType } from "./mime-type.ts";

const { source_read, source_text, source_cancel } = hostOps(fetchOps);
const randomText = Math.random;
/** RFC 2046, 5.1.1. A client that chose long ones could make the search for them slow. */
const MAX_BOUNDARY = 70;

type Bytes = Uint8Array<ArrayBuffer>;

/** What a body is made of. `rid` names a source of the host's. Exactly one form is in use; a null `content` with `rid` 0 and no stream is an empty body. */
export interface Body {
  content: string | Bytes | null;
  rid: number;
  stream: ByteStream | null;
  /** It was read whole, in a form that is no stream. */
  used: boolean;
  /** Of a body that comes from a source of the host's. */
  source: Source | null;
}

interface Source {
  /** Why nobody can read it any more: its fetch was aborted. */
  abort: { readonly reason: unknown } | null;
  /** Fails the stream that was made of it. */
  fail: ((reason: unknown) => void) | null;
}

interface Origin {
  readonly rid: number;
  readonly source: Source;
}

/** The sources behind streams of ours. */
const origins = new SafeWeakMap<ByteStream, Origin>();

/** What a body does not say itself: see `request.ts`. */
const EMPTY: Body = { __proto__: null, content: null, rid: 0, stream: null, used: false, source: null } as Body;

const bodyOfContent = (content: string | Bytes | null): Body => ({ __proto__: EMPTY, content }) as unknown as Body;
export const bodyOfSource = (rid: number): Body => ({ __proto__: EMPTY, rid, source: { abort: null, fail: null } }) as unknown as Body;
export const bodyOfText: (text: string) => Body = bodyOfContent;
export const bodyOfBytes: (bytes: Bytes) => Body = bodyOfContent;
export const bodyOfStream = (stream: ByteStream): Body => ({ __proto__: EMPTY, stream }) as unknown as Body;

export interface ExtractedBody {
  readonly body: Body;
  readonly type: string | null;
}

/** https://fetch.spec.whatwg.org/#concept-bodyinit-extract. */
export function extractBody(init: unknown): ExtractedBody {
  if (typeof init === "string") return { body: bodyOfText(init), type: "text/plain;charset=UTF-8" };
  if (isReadableStream(init)) {
    if (isDisturbed(init) || isLocked(init)) throw new SafeTypeError("the stream has been read from or is locked");
    return { body: bodyOfStream(init), type: null };
  }
  if (isBlob(init)) {
    const type = blobType(init);
    return { body: bodyOfBytes(blobSize(init) === 0 ? new SafeUint8Array(0) : blobBytes(init)), type: type === "" ? null : type };
  }
  const view = viewBytes(init);
  if (view !== undefined) {
    return { body: bodyOfBytes(copyOf(view)), type: null };
  }
  if (isFormData(init)) {
    const boundary = "----nano" + stringSlice(numberToString(randomText(), 36), 2) + stringSlice(numberToString(randomText(), 36), 2);
    return { body: bodyOfBytes(serializeMultipart(formEntries(init), boundary)), type: "multipart/form-data; boundary=" + boundary };
  }
  if (isURLSearchParams(init)) return { body: bodyOfText(formTextOf(init)), type: "application/x-www-form-urlencoded;charset=UTF-8" };
  return { body: bodyOfText(toUSVString(init, "body")), type: "text/plain;charset=UTF-8" };
}

function copyOf(bytes: Uint8Array): Bytes {
  const copy = new SafeUint8Array(typedArrayByteLength(bytes));
  typedArraySet(copy, bytes);
  return copy;
}

export const isBodyUsed = (body: Body | null): boolean => body !== null && (body.used || (body.stream !== null && isDisturbed(body.stream)));
export const isBodyLocked = (body: Body | null): boolean => body?.stream != null && isLocked(body.stream);

/** The body as a stream, which is its form from now on. */
export function streamOf(body: Body): ByteStream {
  if (body.stream !== null) return body.stream;
  const { rid, source } = body;
  if (source !== null && source.abort !== null) {
    const { reason } = source.abort;
    body.stream = createByteStream(() => promiseReject(reason), () => {});
  } else if (source !== null) {
    body.stream = createByteStream(() => readSource(source, rid), () => source_cancel(rid), (fail) => {
      source.fail = fail;
    });
    weakMapSet(origins, body.stream, { __proto__: null, rid, source } as unknown as Origin);
  }
  else {
    let rest: Bytes | null = body.content === null ? null : typeof body.content === "string" ? utf8Encode(body.content) : body.content;
    body.stream = createByteStream(
      () => {
        const chunk = rest;
        rest = null;
        return chunk === null || typedArrayByteLength(chunk) === 0 ? null : chunk;
      },
      () => {
        rest = null;
      },
    );
  }
  body.content = null;
  body.rid = 0;
  if (body.used) openReader(body.stream);
  return body.stream;
}

/** https://fetch.spec.whatwg.org/#concept-body-clone */
export function cloneBody(body: Body): Body {
  if (body.stream === null && body.rid === 0) return bodyOfContent(body.content === null || typeof body.content === "string" ? body.content : copyOf(body.content));
  // A stream of the app's may give one object to both branches; those of ours give bytes that are copied.
  const isOwn = body.stream === null || body.source !== null;
  const branches = tee(streamOf(body));
  body.stream = branches[0];
  return bodyOfStream(isOwn ? branches[1] : clonedBranch(branches[1]));
}

/** Takes a body that has not been used for somebody else: `body` counts as used from now on. */
export function takeBody(body: Body): Body {
  const taken = { __proto__: EMPTY, content: body.content, rid: body.rid, stream: body.stream, source: body.source } as unknown as Body;
  body.used = true;
  body.content = null;
  body.rid = 0;
  return taken;
}

/** The content of a body that is neither stream nor source, which counts as used from now on; null of another. */
export function takeContent(body: Body): string | Bytes | null {
  if (body.stream !== null || body.rid !== 0) return null;
  const content = body.content ?? "";
  body.used = true;
  body.content = null;
  return content;
}

/** The source of a body that nobody has read from, which counts as used from now on; 0 of another. */
export function takeSource(body: Body): number {
  const { stream, source, rid } = body;
  const origin = stream === null ? { rid, source } : isDisturbed(stream) || isLocked(stream) ? undefined : weakMapGet(origins, stream);
  if (origin === undefined || origin.source === null || origin.source.abort !== null) return 0;
  if (stream !== null) seize(stream);
  body.used = true;
  body.rid = 0;
  return origin.rid;
}

/** As `takeBody`, for somebody who gets a stream of his own: the app may hold the one that there is (https://fetch.spec.whatwg.org/#body-create-a-proxy). */
export function proxyBody(body: Body): Body {
  const taken = takeBody(body);
  return taken.stream === null ? taken : bodyOfStream(mapStream(taken.stream, (chunk) => chunk));
}

const NO_TRANSFER: readonly unknown[] = [];

/** A branch whose chunks are clones: the other branch has the originals (https://streams.spec.whatwg.org/#abstract-opdef-readablestreamdefaulttee). */
function clonedBranch(branch: ByteStream): ByteStream {
  return mapStream(branch, (chunk) => structuredCloneOf(chunk, NO_TRANSFER));
}

/** A read that the abort broke fails with the reason of the abort. */
function readSource(source: Source, rid: number): Promise<Bytes | null> {
  return promiseThen(source_read(rid), undefined, (error) => {
    throw source.abort === null ? error : source.abort.reason;
  });
}

/** The fetch that the body came from was aborted. What has been read stays read. */
export function abortBody({ source }: Body, reason: unknown): void {
  if (source === null || source.abort !== null) return;
  source.abort = { reason };
  if (source.fail !== null) source.fail(reason);
}

/** Nobody will read it: its stream is told why. */
export function cancelBody(body: Body, reason: unknown): void {
  if (body.stream !== null) promiseIgnore(cancelStream(body.stream, reason));
  else if (body.rid !== 0) source_cancel(body.rid);
}

function refusal(body: Body): unknown {
  if (body.used || (body.stream !== null && isDisturbed(body.stream))) return new SafeTypeError("the body has been read already");
  if (body.stream !== null && isLocked(body.stream)) return new SafeTypeError("the body is locked by a reader");
  return body.source === null || body.source.abort === null ? null : body.source.abort.reason;
}

/** Reads the whole body, once, and resolves with what `shape` makes of it. */
function consume<T>(body: Body | null, shape: (content: string | Bytes) => T, isText = false): Promise<T> {
  if (body === null) return attempt(shape, "");
  const error = refusal(body);
  if (error !== null) return promiseReject(error) as Promise<T>;
  const { content, rid, stream, source } = body;
  if (stream !== null) return readStream(stream, shape);
  body.used = true;
  body.content = null;
  if (rid === 0) return attempt(shape, content ?? "");
  if (isText) return readShort(source as Source, rid, shape);
  return readLong(source as Source, rid, shape);
}

/** Most texts are short: one call reads and decodes them. */
async function readShort<T>(source: Source, rid: number, shape: (content: string | Bytes) => T): Promise<T> {
  let text: string | null;
  try {
    text = await source_text(rid);
  } catch (error) {
    throw source.abort === null ? error : source.abort.reason;
  }
  return text === null ? await readLong(source, rid, shape) : shape(text);
}

function readLong<T>(source: Source, rid: number, shape: (content: Bytes) => T): Promise<T> {
  return readAll((take, fail) => void promiseThen(readSource(source, rid), take, fail), shape);
}

function attempt<T>(shape: (content: string | Bytes) => T, content: string | Bytes): Promise<T> {
  try {
    return promiseResolve(shape(content));
  } catch (error) {
    return promiseReject(error) as Promise<T>;
  }
}

type Take = (chunk: Uint8Array | null) => void;
type Fail = (reason: unknown) => void;

function readStream<T>(stream: ByteStream, shape: (content: Bytes) => T): Promise<T> {
  const reader = openReader(stream);
  return readAll(
    (take, fail) =>
      void promiseThen(
        promiseThen(readNext(reader), ({ done, value }) => {
          if (!done && typedArrayName(value) !== "Uint8Array") throw new SafeTypeError("the stream gave something that is no Uint8Array");
          // The chunk stays the app's, which may write to it, and its buffer may be longer.
          take(done ? null : copyOf(value as Bytes));
        }),
        undefined,
        fail,
      ),
    shape,
  );
}

/** No promise is resolved with bytes on the way: an app may have given all objects a `then`. */
function readAll<T>(next: (take: Take, fail: Fail) => void, shape: (content: Bytes) => T): Promise<T> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  return new SafePromise((resolve, reject) => {
    const take = (chunk: Uint8Array | null): void => {
      if (chunk !== null) {
        arrayPush(chunks, chunk);
        size += typedArrayByteLength(chunk);
        next(take, reject);
        return;
      }
      try {
        resolve(shape(join(chunks, size)));
      } catch (error) {
        reject(error);
      }
    };
    next(take, reject);
  });
}

function join(chunks: readonly Uint8Array[], size: number): Bytes {
  if (chunks.length === 1) return chunks[0] as Bytes;
  const whole = new SafeUint8Array(size);
  let at = 0;
  for (let i = 0; i < chunks.length; i++) {
    const chunk = chunks[i] as Uint8Array;
    typedArraySet(whole, chunk, at);
    at += typedArrayByteLength(chunk);
  }
  return whole;
}

const toText = (content: string | Bytes): string => (typeof content === "string" ? (stringStartsWith(content, "\ufeff") ? stringSlice(content, 1) : toUSVString(content)) : typedArrayByteLength(content) === 0 ? "" : utf8Decode(content));
const toBytes = (content: string | Bytes): Bytes => (typeof content === "string" ? utf8Encode(content) : content);

export const readText = (body: Body | null): Promise<string> => consume(body, toText, true);
export const readJson = (body: Body | null): Promise<unknown> => consume(body, (content) => jsonParse(toText(content)), true);
export const readBytes = (body: Body | null): Promise<Bytes> => consume(body, toBytes);
export const readArrayBuffer = (body: Body | null): Promise<ArrayBuffer> => consume(body, (content) => typedArrayBuffer(toBytes(content)));
export const readBlob = (body: Body | null, contentType: string | null): Promise<Blob> =>
  consume(body, (content) => {
    const type = extractMimeType(contentType);
    return blobOf(toBytes(content), type === null ? "" : serializeMimeType(type));
  });

/** https://fetch.spec.whatwg.org/#dom-body-formdata. `contentType` is the combined value of the fields, or null. */
export function readFormData(body: Body | null, contentType: string | null): Promise<unknown> {
  return consume(body, (content) => {
    const type = extractMimeType(contentType);
    if (type?.essence === "multipart/form-data") {
      const boundary = mimeParameter(type, "boundary");
      if (boundary === null || boundary === "" || boundary.length > MAX_BOUNDARY) throw new SafeTypeError("the content type names no boundary of 1 to " + MAX_BOUNDARY + " characters");
      return formOf(parseMultipart(toBytes(content), boundary));
    }
    if (type?.essence === "application/x-www-form-urlencoded") return formOf(parseFormUrlencoded(typeof content === "string" ? toUSVString(content) : utf8DecodeWithoutBom(content)));
    throw new SafeTypeError("the body is no form: its content type is " + (contentType ?? "missing"));
  });
}
