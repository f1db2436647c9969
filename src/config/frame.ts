/** The line of a config around a place, with a mark under it. Values are masked: any of them may be a secret, and so may a comment or text that is no JSON. */
import { createScanner } from "jsonc-parser";

const WIDTH = 100;
/** Shown before the mark in a line that is cut. */
const LEAD = 20;

/** `text` with a bullet in place of every character that may belong to a secret; offsets stay. Names before a colon are no secrets. */
export function maskValues(text: string): string {
  const scanner = createScanner(text, false);
  let masked = "";
  let pending: string | null = null;
  while (scanner.getPosition() < text.length) {
    scanner.scan();
    const token = text.substr(scanner.getTokenOffset(), scanner.getTokenLength());
    if (pending !== null && token.trim() === "") {
      pending += token;
      continue;
    }
    if (pending !== null) masked += token === ":" ? pending : mask(pending);
    pending = token.startsWith('"') ? token : null;
    if (pending === null) masked += /^[{}[\],:]$/.test(token) ? token : mask(token);
  }
  return pending === null ? masked : masked + mask(pending);
}

function mask(token: string): string {
  return token.replace(/[^\s"]/g, "•");
}

export interface FrameOptions {
  readonly text: string;
  /** `maskValues(text)`. */
  readonly masked: string;
  readonly lineNumber: number;
  readonly lineStart: number;
  readonly lineEnd: number;
  /** What is marked, as offsets into `text`; it may go on past the line. */
  readonly from: number;
  readonly to: number;
  /** The marked text is no secret. */
  readonly isShown: boolean;
}

export function codeFrame({ text, masked, lineNumber, lineStart, lineEnd, from, to, isShown }: FrameOptions): string {
  const end = Math.max(from, Math.min(to, lineEnd));
  // A config may be one line of a megabyte: only the window is ever looked at.
  const start = from - lineStart > WIDTH - LEAD ? from - LEAD : lineStart;
  const stop = Math.min(lineEnd, start + WIDTH);
  const line = isShown ? masked.slice(start, from) + text.slice(from, Math.min(end, stop)) + masked.slice(end, stop) : masked.slice(start, stop);
  const gutter = String(lineNumber).padStart(5);
  const before = start > lineStart ? "…" : "";
  const after = stop < lineEnd ? "…" : "";
  const marks = "^".repeat(Math.max(1, Math.min(end, stop) - from));
  return [`${gutter} | ${before}${line.replace(/\p{C}/gu, " ")}${after}`.trimEnd(), `${" ".repeat(gutter.length)} | ${" ".repeat(before.length + from - start)}${marks}`].join("\n");
}
