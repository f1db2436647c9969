/** The style of the error page: system fonts, one accent, light or dark as the browser prefers, and no line that is wider than a phone. */
import { html } from "./markup.ts";

export const PAGE_STYLE = html`
:root {
  color-scheme: light dark;
  --paper: #fbfaf8; --card: #fff; --ink: #1d1b19; --soft: #6a645d; --line: #e4dfd8; --accent: #b3261e; --tint: #fdeeec; --warm: #fdf6e3; --warm-line: #ecdcae;
  --mono: ui-monospace, "SF Mono", SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root { --paper: #161514; --card: #1e1d1b; --ink: #ece8e3; --soft: #a09a92; --line: #34312e; --accent: #ff8a80; --tint: #3a211f; --warm: #2b2619; --warm-line: #4d4326 }
}
* { box-sizing: border-box }
html { -webkit-text-size-adjust: 100% }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif }
main { max-width: 56rem; margin: 0 auto; padding: clamp(1.25rem, 4vw, 3.5rem) clamp(1rem, 4vw, 2rem) 3rem }
header { display: flex; align-items: center; justify-content: space-between; gap: 1rem; min-height: 2.25rem }
p, h1, h2, ol, dl, figure { margin: 0 }
code, .code, .stack, figcaption, dd, .request { font-family: var(--mono); font-size: .8125rem; font-variant-ligatures: none }
.tags { display: flex; flex-wrap: wrap; align-items: center; gap: .375rem .75rem; color: var(--soft); font-size: .875rem; min-width: 0; overflow-wrap: anywhere }
.status { color: var(--accent); font-weight: 650; font-variant-numeric: tabular-nums }
button { flex: none; font: inherit; font-size: .875rem; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .3rem .8rem; min-width: 5rem; cursor: pointer }
button:hover { border-color: var(--soft) }
button:focus-visible, summary:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
h1 { margin-top: 1.5rem; font-size: clamp(1.375rem, 1.1rem + 1.6vw, 1.875rem); line-height: 1.25; font-weight: 650; letter-spacing: -.012em; overflow-wrap: anywhere }
.message { margin-top: .5rem; font-size: 1.0625rem; white-space: pre-wrap; overflow-wrap: anywhere; max-height: 24rem; overflow-y: auto }
.limit { margin-top: 1rem; display: flex; flex-wrap: wrap; gap: .125rem .75rem; align-items: baseline; font-variant-numeric: tabular-nums }
.limit code { color: var(--accent) }
.hint { margin-top: 1rem; padding: .75rem 1rem; background: var(--warm); border: 1px solid var(--warm-line); border-radius: .5rem; font-size: .9375rem; white-space: pre-wrap; overflow-wrap: anywhere }
section { margin-top: 2rem }
h2 { font-size: .8125rem; font-weight: 600; color: var(--soft); margin-bottom: .5rem }
.problem { margin-bottom: .75rem; overflow-wrap: anywhere; white-space: pre-wrap }
figure { background: var(--card); border: 1px solid var(--line); border-radius: .625rem; overflow: hidden }
figcaption { padding: .5rem 1rem; color: var(--soft); border-bottom: 1px solid var(--line); overflow-wrap: anywhere }
figcaption:last-child { border-bottom: 0 }
.scroll { overflow-x: auto }
.code { border-collapse: collapse; width: 100%; line-height: 1.7; margin: .5rem 0; tab-size: 2 }
.code th { width: 1%; padding: 0 .875rem 0 1rem; text-align: right; font-weight: 400; color: var(--soft); vertical-align: top; user-select: none; border-left: 3px solid transparent }
.code td { padding: 0 1rem 0 0; white-space: pre }
.marked { background: var(--tint) }
.marked th { color: var(--accent); border-left-color: var(--accent) }
mark { background: none; color: var(--accent); font-weight: 700; text-decoration: underline 2px; text-underline-offset: .25em }
.stack { list-style: none; padding: .75rem 1rem; background: var(--card); border: 1px solid var(--line); border-radius: .625rem; line-height: 1.8 }
.stack li { white-space: pre }
.stack .own, .stack .package { color: var(--soft) }
.request { overflow-wrap: anywhere }
details { margin-top: .5rem }
summary { cursor: pointer; color: var(--soft); font-size: .875rem; width: fit-content }
dl { display: grid; grid-template-columns: minmax(7rem, max-content) minmax(0, 1fr); gap: .25rem 1rem; margin-top: .5rem; font-size: .8125rem }
dt { color: var(--soft); overflow-wrap: anywhere }
dd { margin: 0; overflow-wrap: anywhere }
footer { margin-top: 3rem; color: var(--soft); font-size: .8125rem }
#plain { position: fixed; top: 0; left: -200vw; width: 10rem }
@media (max-width: 30rem) {
  figure, .stack { border-radius: .5rem }
  .code th { padding: 0 .625rem 0 .625rem }
  .stack { padding: .625rem .75rem }
  dl { grid-template-columns: minmax(0, 1fr); gap: 0 }
  dd { margin-bottom: .5rem }
}
`;
