/** One request as one line: method, path, status, time, CPU, bytes, memory. */
import { escapeControls } from "../../observe/log.ts";
import type { RequestRecord } from "../../observe/observer.ts";
import { fit, type Paint, size } from "./paint.ts";

export interface LineLayout {
  readonly paint: Paint;
  /** Of the terminal; null where there is none, and lines may have any length. */
  readonly columns: number | null;
  /** Of the longest name of an app; 0 with one app, which needs no name. */
  readonly nameWidth: number;
}

const METHOD_WIDTH = 6;
const TIME_WIDTH = 9;
const CPU_WIDTH = 14;
const SIZE_WIDTH = 8;
const LEAST_PATH_WIDTH = 12;
const PATH_WIDTH = 28;
const MOST_PATH_WIDTH = 60;
/** For `×999` behind it. */
const REPEAT_WIDTH = 6;

export function requestLine({ method, path, status, latencyMs, cpuMs, bytes, memoryBytes, app, host }: RequestRecord, { paint, columns, nameWidth }: LineLayout): string {
  const name = nameWidth === 0 ? "" : `  ${app.padEnd(nameWidth)}`;
  const measures = `${milliseconds(latencyMs).padStart(TIME_WIDTH)}${`cpu ${milliseconds(cpuMs)}`.padStart(CPU_WIDTH)}  ${size(bytes).padStart(SIZE_WIDTH)}  ${memoryBytes === 0 ? "".padEnd(SIZE_WIDTH) : size(memoryBytes).padStart(SIZE_WIDTH)}${name}`;
  const shown = escapeControls(path);
  const left = columns === null ? PATH_WIDTH : Math.min(MOST_PATH_WIDTH, columns - METHOD_WIDTH - 6 - measures.length - REPEAT_WIDTH);
  const cell = columns === null ? shown.padEnd(left) : fit(shown, Math.max(LEAST_PATH_WIDTH, left));
  const nobody = app === "" ? `  no app for ${escapeControls(host)}` : "";
  return `${paint.bold(method.padEnd(METHOD_WIDTH))} ${cell} ${statusColor(status, paint)(String(status))}${paint.dim(`${measures}${nobody}`.trimEnd())}`;
}

function statusColor(status: number, { red, yellow, cyan, green }: Paint): (text: string) => string {
  if (status >= 500) return red;
  if (status >= 400) return yellow;
  return status >= 300 ? cyan : green;
}

/** Three figures or so, whatever the magnitude. */
export function milliseconds(ms: number): string {
  if (ms >= 10_000) return `${(ms / 1_000).toFixed(1)} s`;
  return `${ms >= 100 ? ms.toFixed(0) : ms >= 10 ? ms.toFixed(1) : ms.toFixed(2)} ms`;
}
