/** Streams as the other rooms use them, without loading the room before one is needed. */
import { lazyRoom } from "../../infra/guest/rooms.ts";
import type { ByteStream, Bytes, Chunk, Reader, ReadRequest } from "../guest.ts";

export type { ByteStream, Chunk, Reader };

const room = lazyRoom<typeof import("../guest.ts")>("streams");

export const isReadableStream = (value: unknown): value is ByteStream => room.loaded?.isReadableStream(value) === true;
export const isLocked = (stream: ByteStream): boolean => room.use().isLocked(stream);
export const isDisturbed = (stream: ByteStream): boolean => room.use().isDisturbed(stream);
export const openReader = (stream: ByteStream): Reader => room.use().openReader(stream);
export const readNext = (reader: Reader): Promise<Chunk> => room.use().readNext(reader);
export const readRequest = (take: (chunk: unknown) => void, end: () => void, fail: (error: unknown) => void): ReadRequest => room.use().readRequest(take, end, fail);
export const readInto = (reader: Reader, request: ReadRequest): void => room.use().readInto(reader, request);
export const seize = (stream: ByteStream): void => room.use().seize(stream);
export const cancelReader = (reader: Reader, reason: unknown): Promise<void> => room.use().cancelReader(reader, reason);
export const cancelStream = (stream: ByteStream, reason: unknown): Promise<void> => room.use().cancelStream(stream, reason);
export const tee = (stream: ByteStream): [ByteStream, ByteStream] => room.use().tee(stream);
export const createByteStream = (pull: () => Bytes | Promise<Bytes>, cancel: (reason: unknown) => void, opened?: (fail: (reason: unknown) => void) => void): ByteStream =>
  room.use().createByteStream(pull, cancel, opened);
export const mapStream = (stream: ByteStream, map: (chunk: unknown) => unknown): ByteStream => room.use().mapStream(stream, map);
