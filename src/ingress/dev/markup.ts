/** HTML from templates in which every value is escaped, unless it is HTML of this kind itself. There is no other way to put text into a page. */

export class Markup {
  readonly text: string;

  private constructor(text: string) {
    this.text = text;
  }

  /** The template tag. Lists are put one after the other; null and false are nothing. */
  static html(this: void, parts: TemplateStringsArray, ...values: readonly Value[]): Markup {
    let text = parts[0] ?? "";
    for (const [i, value] of values.entries()) text += textOf(value) + (parts[i + 1] ?? "");
    return new Markup(text);
  }
}

type Value = string | number | Markup | readonly Markup[] | null | false;

export const { html } = Markup;

function textOf(value: Value): string {
  if (value === null || value === false) return "";
  if (value instanceof Markup) return value.text;
  if (typeof value === "object") return value.map(({ text }) => text).join("");
  return escaped(String(value));
}

/** For text and for attributes in quotes. Controls and what turns text around are shown as what they are. */
function escaped(text: string): string {
  return text.replace(/[&<>"'`\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]/gu, (c) => (ENTITIES[c] ?? (c.length > 1 ? c : `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`)));
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;", "`": "&#96;" };
