/** `console.table` as box drawing. Bounded in rows and columns. */
import { kindOf } from "../../infra/guest/kind.ts";
import { arrayIncludes, arrayJoin, arrayPush, getOwnPropertyDescriptor, mapForEach, ownKeys, setForEach, stringRepeat } from "../../infra/guest/primordials.ts";
import { listFromIterable } from "../../infra/guest/webidl.ts";
import { isObject, toDOMString } from "../../infra/guest/webidl-convert.ts";
import { displayWidth } from "./format.ts";
import { inspect } from "./inspect.ts";
import { formatPrimitive } from "./text.ts";

const MAX_ROWS = 1000;
const MAX_COLUMNS = 50;
const CELL_DEPTH = 0;

interface Row {
  readonly index: string;
  readonly value: unknown;
}

/** Undefined when `data` has no rows and is to be logged as it is. */
export function formatTable(data: unknown, properties: unknown): string | undefined {
  if (typeof data !== "object" || data === null) return undefined;
  const wanted = isObject(properties) ? listFromIterable(properties, "console.table") : undefined;
  const rows = rowsOf(data);
  const columns: string[] = [];
  let hasValues = false;
  for (let i = 0; i < rows.length; i++) {
    const { value } = rows[i] as Row;
    if (typeof value !== "object" || value === null) hasValues = true;
    else if (wanted === undefined) addColumns(columns, value);
  }
  if (wanted !== undefined) for (let i = 0; i < wanted.length && i < MAX_COLUMNS; i++) arrayPush(columns, toDOMString(wanted[i]));

  const head = ["(index)"];
  for (let i = 0; i < columns.length; i++) arrayPush(head, columns[i] as string);
  if (hasValues) arrayPush(head, "Values");
  const cells: string[][] = [head];
  for (let i = 0; i < rows.length; i++) arrayPush(cells, cellsOf(rows[i] as Row, columns, hasValues));
  return draw(cells);
}

function rowsOf(data: object): Row[] {
  const rows: Row[] = [];
  const add = (index: string, value: unknown) => {
    if (rows.length < MAX_ROWS) arrayPush(rows, { index, value });
  };
  const { kind } = kindOf(data);
  if (kind === "Map") mapForEach(data as Map<unknown, unknown>, (value, key) => add(inspect(key, CELL_DEPTH), value));
  else if (kind === "Set") {
    let index = 0;
    setForEach(data as Set<unknown>, (value) => add(formatPrimitive(index++, false), value));
  } else eachProperty(data, add);
  return rows;
}

function eachProperty(value: object, visit: (key: string, value: unknown) => void): void {
  const keys = ownKeys(value);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i];
    if (typeof key !== "string") continue;
    const descriptor = getOwnPropertyDescriptor(value, key);
    if (descriptor?.enumerable === true) visit(key, descriptor.value);
  }
}

function addColumns(columns: string[], value: object): void {
  eachProperty(value, (key) => {
    if (columns.length < MAX_COLUMNS && !arrayIncludes(columns, key)) arrayPush(columns, key);
  });
}

function cellsOf({ index, value }: Row, columns: readonly string[], hasValues: boolean): string[] {
  const cells = [index];
  const isRecord = typeof value === "object" && value !== null;
  for (let i = 0; i < columns.length; i++) {
    const descriptor = isRecord ? getOwnPropertyDescriptor(value, columns[i] as string) : undefined;
    arrayPush(cells, descriptor === undefined ? "" : cell(descriptor.value));
  }
  if (hasValues) arrayPush(cells, isRecord ? "" : cell(value));
  return cells;
}

function cell(value: unknown): string {
  return isObject(value) ? inspect(value, CELL_DEPTH) : formatPrimitive(value, true);
}

function draw(cells: readonly string[][]): string {
  const widths: number[] = [];
  const columns = (cells[0] as string[]).length;
  for (let c = 0; c < columns; c++) {
    let widest = 0;
    for (let r = 0; r < cells.length; r++) {
      const width = displayWidth((cells[r] as string[])[c] as string);
      if (width > widest) widest = width;
    }
    arrayPush(widths, widest + 2);
  }
  const rule = (left: string, middle: string, right: string) => {
    const parts: string[] = [];
    for (let c = 0; c < columns; c++) arrayPush(parts, stringRepeat("─", widths[c] as number));
    return left + arrayJoin(parts, middle) + right;
  };
  const lines = [rule("┌", "┬", "┐")];
  for (let r = 0; r < cells.length; r++) {
    let line = "│";
    for (let c = 0; c < columns; c++) {
      const text = (cells[r] as string[])[c] as string;
      line += " " + text + stringRepeat(" ", (widths[c] as number) - displayWidth(text) - 1) + "│";
    }
    arrayPush(lines, line);
    if (r === 0) arrayPush(lines, rule("├", "┼", "┤"));
  }
  arrayPush(lines, rule("└", "┴", "┘"));
  return arrayJoin(lines, "\n");
}
