/** The lines of source that a stack points at. The app can write anything into a stack: only its own files, as they were bundled, are ever shown. */
import { codeFrame } from "./code-frame.ts";
import { type MappedCode, sourceText } from "./source-map.ts";

/** Not of evaluated text, whose file is called `<input>`. */
const PLACE = /(?:\(|at )([^()\s<>]+):(\d{1,9}):(\d{1,9})\)?$/;
const MOST_LINES = 50;

/** The code around the first place in `stack` (already mapped) that is the app's: its own code before that of packages. Empty when there is none. */
export function frameOfStack(stack: string, bundle: MappedCode): string {
  const frames = stack.split("\n", MOST_LINES).flatMap((text) => {
    const [, file = "", line, column] = PLACE.exec(text) ?? [];
    const source = file === "" ? null : sourceText(file, bundle);
    return source === null ? [] : [{ file, frame: codeFrame(source, Number(line), Number(column)) }];
  });
  return (frames.find(({ file }) => !file.startsWith("node_modules/")) ?? frames[0])?.frame ?? "";
}

/** `file:line:column` of the first frame of `stack` (already mapped) that is the app's own code, else of the first that has a place, else empty. */
export function placeOfStack(stack: string): string {
  const places = stack.split("\n", MOST_LINES).flatMap((text) => PLACE.exec(text)?.slice(1, 4).join(":") ?? []);
  return places.find((place) => !place.startsWith("node_modules")) ?? places[0] ?? "";
}
