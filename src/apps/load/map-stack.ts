/** The frames of a stack, as QuickJS writes them, for people: in positions of the app's own files, and with nano's own frames told as such or left out. */
import { BUNDLE_FILE_NAME, type MappedCode, mapPosition } from "./source-map.ts";

/** Where a frame of nano's own code is. */
export const OWN_PLACE = "(nano:internal)";

/** `    at name (file:1:2)`, and `    at file:1:2` where a syntax error was found. Functions may carry any name, so the last parenthesis decides. */
const FRAME = /^ {4}at (?:(?<name>.*) \((?=[^()]*\)$))?(?<file>[^()\s]+?):(?<line>\d{1,9}):(?<column>\d{1,9})\)?$/;
/** Nano's bootstrap has no positions: its frames are names alone. */
const OWN_FRAME = /^ {4}at ([^()]*)$/;
/** The engine's built-in functions, and nano's ops. */
const NATIVE_FRAME = /^ {4}at .* \(native\)$/;

/** Of a recursion without end the others say the same. */
const MOST_FRAMES = 60;

type Kind = "app" | "own" | "native" | "text";

/**
 * The app can write anything into a stack: lines that are no frames stay as they are. Frames of the bundler's glue are left out, and so is what called the app in the first place.
 * What the app called of nano is one frame, whatever it called in turn. Without `bundle` positions stay.
 */
export function mapStack(stack: string, bundle: MappedCode | null): string {
  const lines: { readonly kind: Kind; readonly text: string }[] = [];
  const given = stack.split("\n").filter((line) => line !== "");
  for (const line of given.slice(0, MOST_FRAMES)) {
    const frame = FRAME.exec(line);
    if (frame === null) {
      lines.push({ kind: NATIVE_FRAME.test(line) ? "native" : OWN_FRAME.test(line) ? "own" : "text", text: line });
      continue;
    }
    const { name, file, line: row, column } = frame.groups as { name?: string; file: string; line: string; column: string };
    if (file.startsWith("nano:")) continue;
    const text = file === BUNDLE_FILE_NAME && bundle !== null ? mapFrame(name, Number(row), Number(column), bundle) : line;
    if (text !== null) lines.push({ kind: "app", text });
  }
  const rest = given.length - MOST_FRAMES;
  return (rest > 0 ? [...lines.map(({ text }) => text), `    ... ${rest} more`] : withoutOwnFrames(lines)).join("\n");
}

/** `stack` without what stands before its first frame: name and message. */
export function framesIn(stack: string): string {
  const lines = stack.split("\n");
  const first = lines.findIndex((line) => line.startsWith("    at "));
  return first < 0 ? "" : lines.slice(first).join("\n");
}

function mapFrame(name: string | undefined, line: number, column: number, bundle: MappedCode): string | null {
  const position = mapPosition(line, column, bundle);
  if (position === null) return null;
  const place = `${position.file}:${position.line}:${position.column}`;
  return name === undefined ? `    at ${place}` : `    at ${name} (${place})`;
}

function withoutOwnFrames(lines: readonly { readonly kind: Kind; readonly text: string }[]): readonly string[] {
  const kept: string[] = [];
  let end = lines.length;
  // What called the app. A built-in function called by nothing was the app's own doing.
  if (lines[end - 1]?.kind === "own") while (end > 0 && (lines[end - 1]?.kind === "own" || lines[end - 1]?.kind === "native")) end--;
  for (let i = 0; i < end; i++) {
    const { kind, text } = lines[i] as (typeof lines)[number];
    let caller = i + 1;
    while (caller < end && lines[caller]?.kind === "native") caller++;
    const isOfOwn = (kind === "own" || kind === "native") && caller < end && lines[caller]?.kind === "own";
    if (!isOfOwn) kept.push(kind === "own" ? `${text} ${OWN_PLACE}` : text);
  }
  return kept;
}
