/**
 * The contents of linear memory that many isolates start from: whole pages, in few segments. Where the system can, isolates share them until they write
 * (`guest-pages.ts`); elsewhere each gets a copy.
 */
import { Buffer } from "node:buffer";

export const OS_PAGE = 4096;
export const ZERO_PAGE: Uint8Array = new Uint8Array(OS_PAGE);

/** Empty pages between two that are not are part of a segment when there are no more than these. */
const GAP_PAGES = 128;

export interface Segment {
  /** Byte offset in linear memory. */
  readonly at: number;
  readonly data: Uint8Array;
}

export interface MemoryImage {
  /** Length of linear memory in bytes. */
  readonly memoryBytes: number;
  /** In order of address. */
  readonly segments: readonly Segment[];
  /** Bytes of its pages that hold anything. */
  readonly bytes: number;
}

export function createImage(memoryBytes: number, segments: readonly Segment[]): MemoryImage {
  let pages = 0;
  for (const { data } of segments) for (let page = 0; page < data.byteLength / OS_PAGE; page++) if (!isZeroPage(data, page)) pages++;
  return { memoryBytes, segments, bytes: pages * OS_PAGE };
}

export function takeImage(bytes: Uint8Array): MemoryImage {
  const pages = bytes.byteLength / OS_PAGE;
  const runs: { start: number; end: number }[] = [];
  for (let page = 0; page < pages; page++) {
    if (isZeroPage(bytes, page)) continue;
    const last = runs.at(-1);
    if (last !== undefined && page - last.end <= GAP_PAGES) last.end = page + 1;
    else runs.push({ start: page, end: page + 1 });
  }
  return createImage(bytes.byteLength, runs.map(({ start, end }) => ({ at: start * OS_PAGE, data: bytes.slice(start * OS_PAGE, end * OS_PAGE) })));
}

/** Into memory that holds nothing but zeros and what every fresh instance holds. */
export function copyImage(bytes: Uint8Array, image: MemoryImage): void {
  for (const { at, data } of image.segments) bytes.set(data, at);
}

/** What the image has in a page. */
export function pageOf(image: MemoryImage, page: number): Uint8Array {
  const at = page * OS_PAGE;
  for (const segment of image.segments) if (at >= segment.at && at < segment.at + segment.data.byteLength) return pageIn(segment, page);
  return ZERO_PAGE;
}

export function pageIn({ at, data }: Segment, page: number): Uint8Array {
  return data.subarray(page * OS_PAGE - at, (page + 1) * OS_PAGE - at);
}

export function isZeroPage(bytes: Uint8Array, page: number): boolean {
  return isEqualPage(bytes, page, ZERO_PAGE);
}

export function isEqualPage(bytes: Uint8Array, page: number, expected: Uint8Array): boolean {
  return Buffer.compare(bytes.subarray(page * OS_PAGE, (page + 1) * OS_PAGE), expected) === 0;
}
