/** FormData (https://xhr.spec.whatwg.org/#interface-formdata). */
import { type File, fileOf, isBlob, isFile } from "../blob/guest.ts";
import { arrayPush, SafeTypeError } from "../infra/guest/primordials.ts";
import { defineInterface, definePairIterable, requireArguments } from "../infra/guest/webidl.ts";
import { toUSVString } from "../infra/guest/webidl-convert.ts";

/** name, value, name, value, … */
type Entries = (string | File)[];

let entriesOf!: (form: object) => Entries;
let hasEntries!: (value: object) => boolean;

export class FormData {
  #entries: Entries = [];

  constructor(form?: unknown, submitter?: unknown) {
    if (form !== undefined || (submitter !== undefined && submitter !== null)) throw new SafeTypeError("FormData: there are no forms here, so the constructor takes no arguments");
  }

  append(name: unknown, value: unknown, filename?: unknown): void {
    const entries = this.#entries;
    requireArguments(arguments.length, 2, "FormData.append");
    const key = toUSVString(name, "FormData.append");
    arrayPush(entries, key, toEntry(value, filename, arguments.length > 2, "FormData.append"));
  }
  delete(name: unknown): void {
    const entries = this.#entries;
    requireArguments(arguments.length, 1, "FormData.delete");
    removeFrom(entries, toUSVString(name, "FormData.delete"), 0);
  }
  get(name: unknown): string | File | null {
    const entries = this.#entries;
    requireArguments(arguments.length, 1, "FormData.get");
    const at = find(entries, toUSVString(name, "FormData.get"), 0);
    return at < 0 ? null : (entries[at + 1] as string | File);
  }
  getAll(name: unknown): (string | File)[] {
    const entries = this.#entries;
    requireArguments(arguments.length, 1, "FormData.getAll");
    const key = toUSVString(name, "FormData.getAll");
    const values: (string | File)[] = [];
    for (let at = find(entries, key, 0); at >= 0; at = find(entries, key, at + 2)) arrayPush(values, entries[at + 1] as string | File);
    return values;
  }
  has(name: unknown): boolean {
    const entries = this.#entries;
    requireArguments(arguments.length, 1, "FormData.has");
    return find(entries, toUSVString(name, "FormData.has"), 0) >= 0;
  }
  set(name: unknown, value: unknown, filename?: unknown): void {
    const entries = this.#entries;
    requireArguments(arguments.length, 2, "FormData.set");
    const key = toUSVString(name, "FormData.set");
    const entry = toEntry(value, filename, arguments.length > 2, "FormData.set");
    const at = find(entries, key, 0);
    if (at < 0) arrayPush(entries, key, entry);
    else {
      entries[at + 1] = entry;
      removeFrom(entries, key, at + 2);
    }
  }

  static {
    entriesOf = (form) => (form as FormData).#entries;
    hasEntries = (value) => #entries in value;
  }
}
definePairIterable(FormData, "FormData", (form: FormData) => entriesOf(form));
defineInterface(FormData, "FormData");

/** https://xhr.spec.whatwg.org/#create-an-entry */
function toEntry(value: unknown, filename: unknown, hasFilename: boolean, where: string): string | File {
  if (!isBlob(value)) {
    if (hasFilename && filename !== undefined) throw new SafeTypeError(where + ": only a Blob can have a file name");
    return toUSVString(value, where);
  }
  if (filename !== undefined) return fileOf(value, toUSVString(filename, where));
  return isFile(value) ? value : fileOf(value, "blob");
}

function find(entries: Entries, name: string, from: number): number {
  for (let i = from; i < entries.length; i += 2) if (entries[i] === name) return i;
  return -1;
}

/** In one pass: a client may have sent thousands of equal names. */
function removeFrom(entries: Entries, name: string, from: number): void {
  let at = find(entries, name, from);
  if (at < 0) return;
  let end = at;
  for (; at < entries.length; at += 2) {
    if (entries[at] === name) continue;
    entries[end++] = entries[at] as string;
    entries[end++] = entries[at + 1] as string | File;
  }
  entries.length = end;
}

export { parseMultipart, serializeMultipart } from "./guest/multipart.ts";
export const isFormData = (value: unknown): value is FormData => typeof value === "object" && value !== null && hasEntries(value);
export const formEntries = (form: FormData): readonly (string | File)[] => entriesOf(form);
/** A form of `entries`: name, value, name, value, … */
export function formOf(entries: readonly (string | File)[]): FormData {
  const form = new FormData();
  const list = entriesOf(form);
  for (let i = 0; i < entries.length; i++) arrayPush(list, entries[i] as string | File);
  return form;
}
