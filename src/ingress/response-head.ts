/** Checks the status and header fields of an app's response before any of it reaches the wire. Framing is ours: what the app says about it is dropped. */
import type { HeaderBlock } from "../base/wire.ts";

export interface ResponseHeadLimits {
  readonly responseHeaderBytes: number;
  readonly responseHeaderCount: number;
}

/** As `new Response` takes them. An object is cheaper, pairs may repeat a name. */
export type Fields = Record<string, string> | [string, string][];

export interface ResponseHead {
  /** Shared: to be copied, never changed. */
  readonly fields: Fields;
  readonly hasContentType: boolean;
  /** As the app stated it: true only for a response without its body (HEAD, 304). */
  readonly contentLength: string | null;
}

type Rule = "keep" | "drop" | "content-type" | "content-length" | "invalid";

const dropped = ["connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "http2-settings", "date", "x-request-id"];
const token = /^[!#$%&'*+\-.^_`|~\w]+$/;
/** Anything in a block that no field value may hold. LF separates, so it cannot be part of a value. */
const forbidden = /[^\t\n\x20-\x7e\x80-\xff]/;
const decimal = /^\d{1,15}$/;
const maxRemembered = 1024;
/** An app answers with few different short heads, over and over. */
const maxRememberedHeads = 512;
const maxRememberedBlockLength = 512;

export class ResponseHeadReader {
  readonly #limits: ResponseHeadLimits;
  readonly #rules = new Map<string, Rule>([
    ...dropped.map((name): [string, Rule] => [name, "drop"]),
    ["content-type", "content-type"],
    ["content-length", "content-length"],
  ]);

  readonly #heads = new Map<HeaderBlock, ResponseHead>();

  constructor(limits: ResponseHeadLimits) {
    this.#limits = limits;
  }

  /** Null when the head may not be sent: a status that no app may use, a name or value that is none, too many or too long fields. */
  read(status: number, block: HeaderBlock): ResponseHead | null {
    if (!Number.isInteger(status) || status < 200 || status > 599) return null;
    const remembered = this.#heads.get(block);
    if (remembered !== undefined) return remembered;
    const head = this.#parse(block);
    if (head !== null && block.length <= maxRememberedBlockLength) {
      if (this.#heads.size >= maxRememberedHeads) this.#heads.clear();
      this.#heads.set(block, head);
    }
    return head;
  }

  #parse(block: HeaderBlock): ResponseHead | null {
    if (block.length > this.#limits.responseHeaderBytes || forbidden.test(block)) return null;
    const pairs: [string, string][] = [];
    let hasContentType = false;
    let contentLength: string | null = null;
    let count = 0;
    for (let at = 0; at < block.length; ) {
      const nameEnd = block.indexOf("\n", at);
      const valueEnd = block.indexOf("\n", nameEnd + 1);
      if (nameEnd < 0 || valueEnd < 0 || ++count > this.#limits.responseHeaderCount) return null;
      const name = block.slice(at, nameEnd);
      const value = block.slice(nameEnd + 1, valueEnd);
      at = valueEnd + 1;
      switch (this.#rules.get(name) ?? this.#ruleOf(name)) {
        case "drop":
          continue;
        case "invalid":
          return null;
        case "content-length":
          if (decimal.test(value)) contentLength = value;
          continue;
        case "content-type":
          hasContentType = value !== "";
          break;
        case "keep":
          break;
      }
      pairs.push([name, value]);
    }
    return { fields: toFields(pairs), hasContentType, contentLength };
  }

  #ruleOf(name: string): Rule {
    const lower = name.toLowerCase();
    let rule: Rule = this.#rules.get(lower) ?? "keep";
    if (!token.test(name)) rule = "invalid";
    else if (lower.startsWith("x-nano-")) rule = "drop";
    if (this.#rules.size < maxRemembered) this.#rules.set(name, rule);
    return rule;
  }
}

function toFields(pairs: [string, string][]): Fields {
  const fields: Record<string, string> = {};
  for (const [name, value] of pairs) {
    const lower = name.toLowerCase();
    if (lower in fields) return pairs;
    fields[lower] = value;
  }
  return fields;
}

export function pairsOf(fields: Fields): readonly (readonly [string, string])[] {
  return Array.isArray(fields) ? fields : Object.entries(fields);
}

/** A copy of `fields` with more of them. */
export function withFields(fields: Fields, more: Record<string, string>): Fields {
  return Array.isArray(fields) ? [...fields, ...Object.entries(more)] : { ...fields, ...more };
}
