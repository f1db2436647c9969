/**
 * The engine does not wait for what an async iterator's `return()` gives when a `for await` loop is left early, and calls it also when the loop has come to
 * its end (https://tc39.es/ecma262/#sec-asynciteratorclose). Such loops get an iterator that knows better, and are made to wait. Nothing moves to another line.
 */
import { decode, encode } from "@jridgewell/sourcemap-codec";
import { type Node, parse } from "acorn";

const LOOPS = /\bfor\s+await\b/;
const NAME = "__forAwait";

/** Makes the iterable of one loop. A function declaration: it can stand behind everything. */
const HELPER = `function ${NAME}(){return{threw:false,isInside:false,closing:undefined,of(items){const open=items[Symbol.asyncIterator];if(open===undefined||open===null)return items;const iterator=Reflect.apply(open,items,[]);if((typeof iterator!=="object"||iterator===null)&&typeof iterator!=="function")throw new TypeError("the iterator is not an object");const{next}=iterator,loop=this;return{__proto__:null,[Symbol.asyncIterator](){return this},async next(){loop.isInside=false;const step=await Reflect.apply(next,iterator,[]);if((typeof step!=="object"||step===null)&&typeof step!=="function")throw new TypeError("the iterator's result is not an object");if(step.done)return{done:true,value:undefined};loop.isInside=true;return{done:false,value:step.value}},return(){if(!loop.isInside)return{};const close=iterator.return;if(close!==undefined&&close!==null)loop.closing={result:Reflect.apply(close,iterator,[])};return{}}}},async done(){try{const result=await this.closing.result;if((typeof result!=="object"||result===null)&&typeof result!=="function")throw new TypeError("the iterator's result is not an object")}catch(error){if(!this.threw)throw error}}}}`;

interface Loop extends Node {
  readonly await: boolean;
  readonly right: Node;
}

/** Parsing holds the thread: so much takes a few tenths of a second. */
const MAX_UNITS = 2_000_000;

export const hasForAwait = (code: string): boolean => LOOPS.test(code);

interface Mapped {
  readonly code: string;
  /** JSON. */
  readonly sourceMap: string;
}

/** The code whose loops wait, with its map. The same where there are no such loops, where it is too long, and where it does not parse: the engine says what is wrong with it. */
export function waitForClosing({ code, sourceMap }: Mapped): Mapped {
  const edits = code.length <= MAX_UNITS && hasForAwait(code) ? editsOf(code) : [];
  if (edits.length === 0) return { code, sourceMap };
  edits.sort((a, b) => a.at - b.at || a.order - b.order);
  const map = JSON.parse(sourceMap) as { mappings: string };
  const lines = decode(map.mappings);
  const parts: string[] = [];
  let copied = 0;
  let line = 0;
  let lineStart = 0;
  let shifted = 0;
  for (const { at, text } of edits) {
    for (let end = code.indexOf("\n", lineStart); end !== -1 && end < at; end = code.indexOf("\n", lineStart)) {
      line++;
      lineStart = end + 1;
      shifted = 0;
    }
    // What has been put in before this in the same line has moved it.
    for (const segment of lines[line] ?? []) if (segment[0] >= at - lineStart + shifted) segment[0] += text.length;
    shifted += text.length;
    parts.push(code.slice(copied, at), text);
    copied = at;
  }
  parts.push(code.slice(copied), `\n${HELPER}\n`);
  return { code: parts.join(""), sourceMap: JSON.stringify({ ...map, mappings: encode(lines) }) };
}

interface Edit {
  readonly at: number;
  readonly text: string;
  /** Among those at one place: what ends something goes before what begins something, and of two ends the inner one comes first. */
  readonly order: number;
}

function editsOf(code: string): Edit[] {
  let program: Node;
  try {
    program = parse(code, { ecmaVersion: "latest", sourceType: "module", allowHashBang: true }) as Node;
  } catch {
    return [];
  }
  const edits: Edit[] = [];
  let loops = 0;
  // Without recursion: an app's code may be nested as deep as it likes. `start` is where the labels of a statement begin.
  const open: { readonly node: Node; readonly start: number; readonly depth: number }[] = [{ node: program, start: 0, depth: 0 }];
  for (let entry = open.pop(); entry !== undefined; entry = open.pop()) {
    const { node, start, depth } = entry;
    if (node.type === "ForOfStatement" && (node as Loop).await) {
      const { right } = node as Loop;
      const name = `${NAME}${++loops}`;
      edits.push({ at: start, order: depth, text: `{const ${name}=${NAME}();try{` });
      edits.push({ at: right.start, order: depth, text: `${name}.of(` }, { at: right.end, order: -depth, text: ")" });
      edits.push({ at: node.end, order: -depth, text: `}catch(error){${name}.threw=true;throw error}finally{if(${name}.closing)await ${name}.done()}}` });
    }
    for (const child of childrenOf(node)) open.push({ node: child, start: node.type === "LabeledStatement" && child.type !== "Identifier" ? start : child.start, depth: depth + 1 });
  }
  return edits;
}

function* childrenOf(node: Node): Generator<Node> {
  for (const value of Object.values(node) as unknown[]) {
    if (isNode(value)) yield value;
    else if (Array.isArray(value)) for (const item of value) if (isNode(item)) yield item;
  }
}

const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string";
