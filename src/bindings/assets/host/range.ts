/** Range requests (https://www.rfc-editor.org/rfc/rfc9110#section-14.2): one range of bytes. Several, or anything unclear, are answered with the whole. */

export interface Range {
  readonly start: number;
  readonly length: number;
}

/** Null: send the whole. */
export function rangeOf(range: string | null, ifRange: string | null, etag: string, size: number): Range | "unsatisfiable" | null {
  if (range === null || (ifRange !== null && ifRange !== etag)) return null;
  const parts = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(range.trim().replaceAll(" ", ""));
  if (parts === null || (parts[1] === "" && parts[2] === "")) return null;
  const [first, last] = [parts[1], parts[2]] as [string, string];
  if (first === "") {
    const length = Math.min(Number(last), size);
    return length === 0 ? "unsatisfiable" : { start: size - length, length };
  }
  const start = Number(first);
  const end = last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (last !== "" && Number(last) < start) return null;
  return start >= size ? "unsatisfiable" : { start, length: end - start + 1 };
}
