/** A failure as text, for clients that are no browsers, for the clipboard and for the terminal. What comes from the app reaches no terminal's controls. */
import { type Failure, frameRows, stackLines, useOf } from "./failure.ts";

/** How parts of the text are set off; without colours they are not. */
export interface Emphasis {
  readonly red: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly bold: (text: string) => string;
}

const same = (text: string): string => text;
export const PLAIN: Emphasis = { red: same, yellow: same, dim: same, bold: same };

/** All but tabs and line ends that a terminal acts upon, and what turns text around. */
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

export function shown(text: string): string {
  return text.replace(CONTROLS, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

export function failureText(failure: Failure): string {
  const { code, title, message, places, stack, limit, hint, request } = failure;
  return `${[
    `${code} (request ${request.requestId})`,
    [`${title}${message === "" ? "" : `: ${message}`}`, ...stack.map(({ text }) => `    ${text}`)].join("\n"),
    limit === null ? "" : `limits.${limit.key}: ${useOf(limit)}`,
    ...places.map(({ place, message: problem, frame, hint: way }) => [[place, problem].filter((part) => part !== "").join(": "), frame, way === "" ? "" : `  hint: ${way}`].filter((part) => part !== "").join("\n")),
    hint,
  ]
    .filter((part) => part !== "")
    .map(shown)
    .join("\n\n")}\n`;
}

export function failureJson(failure: Failure, retryAfterS: number | undefined): string {
  const { code, title, message, places, stack, limit, hint, request } = failure;
  return JSON.stringify({
    error: code,
    request_id: request.requestId,
    ...(retryAfterS === undefined ? {} : { retry_after_s: retryAfterS }),
    detail: {
      name: title,
      message,
      stack: stack.map(({ text }) => `    ${text}`).join("\n"),
      frame: places[0]?.frame ?? "",
      ...(limit === null ? {} : { limit: { key: `limits.${limit.key}`, used: limit.used, allowed: limit.allowed, unit: limit.unit } }),
      ...(places.some(({ message: problem }) => problem !== "") ? { problems: places } : {}),
      ...(hint === "" ? {} : { hint }),
    },
  });
}

/** A code frame with its marked line set off. */
export function emphasizedFrame(frame: string, { red, dim, bold }: Emphasis): string {
  const rows = frameRows(frame);
  const width = Math.max(0, ...rows.map(({ number }) => number.length));
  return rows
    .flatMap(({ number, text, isMarked, caret }) => [
      `${isMarked ? red(">") : " "} ${dim(`${number.padStart(width)} |`)} ${isMarked ? bold(shown(text)) : shown(text)}`.trimEnd(),
      ...(caret < 0 ? [] : [`  ${" ".repeat(width)} ${dim("|")} ${" ".repeat(caret)}${red("^")}`]),
    ])
    .join("\n");
}

/** A stack with all frames dim that are not the app's own. */
export function emphasizedStack(stack: string, { dim }: Emphasis): string {
  return stackLines(stack)
    .map(({ text, of }) => (of === "app" ? `    ${shown(text)}` : dim(`    ${shown(text)}`)))
    .join("\n");
}

/** Problems of a load as they are written for a log, each line by what it is. */
export function emphasizedProblems(text: string, { red, yellow, dim, bold }: Emphasis): string {
  return text
    .split("\n")
    .map((line) => {
      const safe = shown(line);
      const [, mark, gutter, code] = /^(>?) *(\d* \|)(.*)$/.exec(safe) ?? [];
      if (gutter !== undefined && /^[> ] *\d* \|/.test(safe)) {
        const room = safe.slice(mark === ">" ? 1 : 0, safe.indexOf("|") + 1);
        return mark === ">" ? `${red(">")}${dim(room)}${bold(code ?? "")}` : `${dim(room)}${/^ *\^$/.test(code ?? "") ? red(code ?? "") : code}`;
      }
      if (/^ +at /.test(safe)) return /\((?:nano:internal|native)\)$|[( ]node_modules\//.test(safe) ? dim(safe) : safe;
      if (safe.startsWith("  hint: ")) return yellow(safe);
      return /^\S+?:\d+:\d+: /.test(safe) ? safe.replace(/^(\S+?:\d+:\d+): (.*)$/, (_, place: string, message: string) => `${bold(place)}: ${red(message)}`) : safe;
    })
    .join("\n");
}
