/** Takes values out of text that others will read: as they are, and as JSON, URLs and Base64 would write them. Not a defence against an app that wants to tell its own secret. */

const REDACTED = "[redacted]";
/** Shorter texts occur by chance. */
const LEAST_BASE64 = 8;
const LEAST_START = 4;

export class Redaction {
  /** The longest first, so that none is left with its beginning taken out. */
  readonly #forms: readonly string[];

  constructor(values: Iterable<string>) {
    const forms = new Set<string>();
    for (const value of values) for (const form of formsOf(value)) forms.add(form);
    this.#forms = [...forms].sort((a, b) => b.length - a.length);
  }

  apply(text: string): string {
    let redacted = text;
    for (const form of this.#forms) if (form.length <= redacted.length && redacted.includes(form)) redacted = redacted.replaceAll(form, REDACTED);
    return redacted;
  }

  /** For text that was cut: what may be the beginning of a value goes as well. */
  applyToCut(text: string): string {
    const redacted = this.apply(text);
    for (const form of this.#forms) {
      const start = form.slice(0, LEAST_START);
      for (let at = redacted.indexOf(start, redacted.length - form.length); at >= 0; at = redacted.indexOf(start, at + 1))
        if (form.startsWith(redacted.slice(at))) return redacted.slice(0, at) + REDACTED;
    }
    return redacted;
  }
}

function formsOf(value: string): readonly string[] {
  const json = JSON.stringify(value).slice(1, -1);
  const url = encodeURIComponent(value.toWellFormed());
  return [value, json, json.replaceAll("/", "\\/"), url, url.replaceAll("%20", "+"), ...base64FormsOf(value)];
}

/** Base64 of text that holds `value`, which begins there at any of three positions within a group: the characters that depend on `value` alone. */
function base64FormsOf(value: string): readonly string[] {
  const bytes = new TextEncoder().encode(value);
  const forms: string[] = [];
  for (let lead = 0; lead < 3; lead++) {
    const padded = new Uint8Array(lead + bytes.byteLength);
    padded.set(bytes, lead);
    const first = Math.ceil((lead * 8) / 6);
    const form = btoa(String.fromCharCode(...padded)).slice(first, Math.floor((padded.byteLength * 8) / 6));
    if (form.length >= LEAST_BASE64) forms.push(form, form.replaceAll("+", "-").replaceAll("/", "_"));
  }
  return forms;
}
