/** A failure as a page for browsers: self-contained, and safe whatever the app's errors hold. */
import { type Failure, type FrameRow, frameRows, useOf } from "./failure.ts";
import { failureText } from "./failure-text.ts";
import { html, type Markup } from "./markup.ts";
import { PAGE_STYLE } from "./page-style.ts";

/** Values that nobody wants on a screenshot. */
const SECRET_HEADERS = /^(?:authorization|cookie|proxy-authorization)$|token|secret|api-?key/i;
const MOST_HEADERS = 60;
const MOST_STACK_LINES = 60;

export interface PageOptions {
  /** For the one style and the scripts that the page may run. */
  readonly nonce: string;
  /** Where the live reload's script is, and what was served of the app when the page was made, if there was one; null where it is off. */
  readonly live: { readonly script: string; readonly version: string | null } | null;
}

/** The page's own script. It has no text of the app in it. */
const COPY = html`const button = document.getElementById("copy"), text = document.getElementById("plain");
button.hidden = false;
button.addEventListener("click", async () => {
  try { await navigator.clipboard.writeText(text.value) }
  catch { text.hidden = false; text.select(); document.execCommand("copy"); text.hidden = true }
  button.textContent = "Copied"; setTimeout(() => { button.textContent = "Copy" }, 1500);
});`;

export function contentSecurityPolicy(nonce: string): string {
  return `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'; connect-src 'self'; base-uri 'none'; form-action 'none'`;
}

export function errorPage(failure: Failure, { nonce, live }: PageOptions): string {
  const { code, status, title, message, places, stack, limit, hint, request } = failure;
  return `<!doctype html>\n${
    html`<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${status} ${title}</title>
<style nonce="${nonce}">${PAGE_STYLE}</style>
</head>
<body>
<main>
<header>
<p class="tags"><span class="status">${status}</span><code>${code}</code>${request.app !== "" && html`<span class="app">${request.app}</span>`}</p>
<button type="button" id="copy" hidden>Copy</button>
</header>
<h1>${title}</h1>
${message !== "" && html`<p class="message">${message}</p>`}
${limit !== null && limitMarkup(limit)}
${hint !== "" && html`<p class="hint">${hint}</p>`}
${places.map(
  ({ place, message: problem, frame, hint: way }) => html`<section>
${problem !== "" && html`<p class="problem">${problem}</p>`}
${(place !== "" || frame !== "") && html`<figure>
${place !== "" && html`<figcaption>${place}</figcaption>`}
${frame !== "" && html`<div class="scroll"><table class="code">${frameRows(frame).map(rowMarkup)}</table></div>`}
</figure>`}
${way !== "" && html`<p class="hint">${way}</p>`}
</section>
`,
)}
${stack.length > 0 && html`<section>
<h2>Stack</h2>
<ol class="stack scroll">${stack.slice(0, MOST_STACK_LINES).map(({ text, of }) => html`<li class="${of}">${text}</li>`)}</ol>
</section>`}
<section>
<h2>Request</h2>
<p class="request"><strong>${request.method}</strong> ${request.url}</p>
<details><summary>Headers</summary>
<dl>${request.headers.slice(0, MOST_HEADERS).map(([name, value]) => html`<dt>${name}</dt><dd>${SECRET_HEADERS.test(name) ? "•••" : value}</dd>`)}<dt>request id</dt><dd>${request.requestId}</dd></dl>
</details>
</section>
<footer>nano dev${live !== null && html` · loads itself again after a save`}</footer>
</main>
<textarea id="plain" readonly hidden>${`\n${failureText(failure)}`}</textarea>
<script nonce="${nonce}">${COPY}</script>
${live !== null && html`<script nonce="${nonce}" src="${live.script}"${live.version !== null && html` data-version="${live.version}"`} async></script>`}
</body>
</html>
`.text
  }`;
}

function limitMarkup(limit: NonNullable<Failure["limit"]>): Markup {
  return html`<p class="limit"><code>limits.${limit.key}</code> <span>${useOf(limit)}</span></p>`;
}

/** The character that the frame means is marked in place; at the end of a line a space is. */
function rowMarkup({ number, text, isMarked, caret }: FrameRow): Markup {
  const marked = String.fromCodePoint(text.codePointAt(caret) ?? 32);
  const line = caret < 0 ? html`${text}` : html`${text.slice(0, caret)}<mark>${marked}</mark>${text.slice(caret + marked.length)}`;
  return html`<tr${isMarked && MARKED}><th>${number}</th><td>${line}</td></tr>`;
}

const MARKED = html` class="marked"`;
