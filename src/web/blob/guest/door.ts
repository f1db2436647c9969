/** Blobs as the other rooms use them, without loading the room before one is needed. */
import { lazyRoom } from "../../infra/guest/rooms.ts";
import type { Blob } from "../guest.ts";

export type { Blob };

const room = lazyRoom<typeof import("../guest.ts")>("blob");

export const isBlob = (value: unknown): value is Blob => room.loaded?.isBlob(value) === true;
/** A blob over `bytes`, which nobody may change any more. */
export const blobOf = (bytes: Uint8Array<ArrayBuffer>, type: string): Blob => room.use().blobOf(bytes, type);
export const blobBytes = (blob: Blob): Uint8Array<ArrayBuffer> => room.use().blobBytes(blob);
export const blobType = (blob: Blob): string => room.use().blobType(blob);
export const blobSize = (blob: Blob): number => room.use().blobSize(blob);
