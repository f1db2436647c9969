/** Changes of the config file by nano itself: as little of the text as possible, so that comments stay, and all at once, so that nobody ever reads half of it. */
import { randomUUID } from "node:crypto";
import { open, readFile, realpath, rename, stat, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { applyEdits, modify } from "jsonc-parser";

type Path = readonly (string | number)[];
type Loose = Readonly<Record<string, unknown>>;

/** Deeper than this, values are replaced as a whole: `env` and `limits` of an app are edited key by key. */
const MOST_DEPTH = 2;

export class EditError extends Error {
  override readonly name = "EditError";
  /** The file is not what the edit was made for. */
  readonly isStale: boolean;

  constructor(message: string, isStale: boolean) {
    super(message);
    this.isStale = isStale;
  }
}

/** `text` with the app at `index`, which it says as `before`, as `after`. `before` null: one more app; `after` null: one less. */
export function withApp(text: string, index: number, before: Loose | null, after: Loose | null): string {
  const path = ["apps", index];
  if (before === null || after === null) return changed(text, path, after ?? undefined, before === null);
  return changesOf(before, after, path, MOST_DEPTH).reduce((edited, [at, value]) => changed(edited, at, value, false), text);
}

function changesOf(before: Loose, after: Loose, path: Path, depth: number): readonly (readonly [Path, unknown])[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return keys.flatMap((key): readonly (readonly [Path, unknown])[] => {
    const [was, is] = [before[key], after[key]];
    if (isDeepStrictEqual(plain(was), plain(is))) return [];
    return depth > 1 && isLoose(was) && isLoose(is) ? changesOf(was, is, [...path, key], depth - 1) : [[[...path, key], is]];
  });
}

/** `value` undefined takes out what stands at `path`. */
function changed(text: string, path: Path, value: unknown, isArrayInsertion: boolean): string {
  const formattingOptions = { insertSpaces: !/^\t/m.test(text), tabSize: 2, eol: text.includes("\r\n") ? "\r\n" : "\n" };
  return applyEdits(text, modify(text, [...path], value, { formattingOptions, isArrayInsertion }));
}

/** A change of the file that waits to be put in place. */
export interface StagedEdit {
  /** Throws EditError when the file is no longer what it was: then it stays as it is. */
  commit(): Promise<void>;
  discard(): Promise<void>;
}

/** Writes `after` beside `file`, which has to hold `before`. A symbolic link stays one. Throws EditError. */
export async function stageEdit(file: string, before: string, after: string): Promise<StagedEdit> {
  const target = await realpath(file).catch(() => file);
  const assertSame = async () => {
    if ((await textOf(target)) !== before) throw new EditError("the config file was changed meanwhile", true);
  };
  await assertSame();
  const temporary = `${target}.${randomUUID()}.tmp`;
  const discard = () => unlink(temporary).catch(() => {});
  const guarded = async (step: () => Promise<void>) => {
    try {
      await step();
    } catch (error) {
      await discard();
      if (error instanceof EditError) throw error;
      throw new EditError(`the config file cannot be written (${(error as { code?: string }).code ?? "unknown error"})`, false);
    }
  };
  await guarded(async () => {
    const { mode } = await stat(target);
    await using handle = await open(temporary, "wx", mode & 0o777);
    await handle.writeFile(after);
    await handle.sync();
  });
  return {
    discard,
    commit: () =>
      guarded(async () => {
        await assertSame();
        await rename(temporary, target);
        // The new name outlasts a crash only when the folder is written as well.
        await using folder = await open(dirname(target));
        await folder.sync();
      }),
  };
}

async function textOf(file: string): Promise<string | null> {
  return readFile(file).then((bytes) => new TextDecoder().decode(bytes), () => null);
}

function isLoose(value: unknown): value is Loose {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Without prototypes, which say nothing here. */
function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
