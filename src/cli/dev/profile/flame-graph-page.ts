/** Style and script of the flame graph's page. The script builds everything by `textContent`: nothing of an app is ever markup. */

export const STYLE = `
:root { color-scheme: light dark; --line: #d5d7dd; --dim: #6a6f7a; --bg: #fff; --panel: #f6f7f9; --text: #1b1d22; --hit: #7c3aed; }
@media (prefers-color-scheme: dark) { :root { --line: #33363f; --dim: #9aa0ac; --bg: #17181c; --panel: #1f2126; --text: #e8e9ed; --hit: #c4a5ff; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 16px; background: var(--bg); color: var(--text); font: 14px/1.45 system-ui, sans-serif; }
header { display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: center; margin-bottom: 12px; }
h1 { font-size: 16px; margin: 0; }
select, input, button { font: inherit; color: inherit; background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: 4px 8px; max-width: 100%; }
input { width: 16em; }
button { cursor: pointer; }
.about { color: var(--dim); }
.graph { position: relative; overflow: hidden; border: 1px solid var(--line); border-radius: 6px; }
.frame { position: absolute; height: 19px; overflow: hidden; white-space: nowrap; text-overflow: ellipsis; border: 0; border-radius: 2px; padding: 0 4px; font: 12px/19px ui-monospace, monospace; text-align: left; color: #1b1d22; cursor: pointer; }
.frame:focus-visible { outline: 2px solid var(--hit); outline-offset: -2px; }
.frame.dim { opacity: .25; }
.frame.hit { box-shadow: inset 0 0 0 2px var(--hit); }
.told { min-height: 3em; margin: 8px 2px; color: var(--dim); overflow-wrap: anywhere; }
.told b { color: var(--text); }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; color: var(--dim); font-weight: normal; }
td, th { padding: 3px 12px 3px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.name { font-family: ui-monospace, monospace; font-size: 13px; overflow-wrap: anywhere; }
tr.row { cursor: pointer; } tr.row:hover { background: var(--panel); }
`;

export const SCRIPT = `"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const ROW = 20, LEAST_WIDTH = 0.6;
const nameOf = (fn) => fn.number < 0 ? fn.name : data.functions[fn.number][1] || "(anonymous)";
const placeOf = (fn) => fn.number < 0 ? "" : data.functions[fn.number][2] || { nano: "nano", host: "host", app: "" }[data.functions[fn.number][0]];
const percent = (part, whole) => (whole === 0 ? 0 : part / whole * 100).toFixed(1) + " %";
const count = (number) => number.toLocaleString("en");
const element = (tag, className, text) => { const made = document.createElement(tag); if (className) made.className = className; if (text !== undefined) made.textContent = text; return made; };

function treeOf(requests) {
  const root = { number: -1, name: requests.length === 1 ? requests[0].title : "all requests", self: 0, total: 0, children: new Map(), parent: null };
  const add = (parent, calls) => {
    for (const [number, fuel, inner] of calls) {
      let node = parent.children.get(number);
      if (!node) parent.children.set(number, node = { number, self: 0, total: 0, children: new Map(), parent });
      node.self += fuel;
      add(node, inner);
    }
  };
  for (const request of requests) add(root, request.calls);
  const sum = (node) => { node.total = node.self; for (const child of node.children.values()) node.total += sum(child); return node.total; };
  sum(root);
  return root;
}

const header = element("header"), graph = element("div", "graph"), told = element("div", "told"), list = element("table");
const picker = element("select"), search = element("input"), reset = element("button", "", "Reset zoom"), save = element("button", "", "Save for speedscope"), about = element("span", "about");
search.type = "search"; search.placeholder = "Search functions"; search.setAttribute("aria-label", "Search functions"); picker.setAttribute("aria-label", "Request");
header.append(element("h1", "", "nano: where the fuel went"), picker, search, reset, save, about);
const main = element("main");
main.append(graph, told, list);
document.body.append(header, main);
data.requests.forEach((request, index) => { const option = element("option", "", request.app + "  " + request.title + "  " + request.status + "  " + count(request.fuel) + " fuel"); option.value = index; picker.prepend(option); });
if (data.requests.length > 1) { const all = element("option", "", "All " + data.requests.length + " requests"); all.value = "all"; picker.prepend(all); }
picker.selectedIndex = data.requests.length > 1 ? 1 : 0;

let root, focus, term = "";
function hueOf(node) {
  if (node.number < 0) return "hsl(220 10% 75%)";
  const [kind, name, place] = data.functions[node.number];
  let hash = 0;
  for (const char of place.split(":")[0] + name) hash = (hash * 31 + char.codePointAt(0)) >>> 0;
  if (kind === "host") return "hsl(" + (190 + hash % 30) + " 55% 72%)";
  if (kind === "nano") return "hsl(220 " + (8 + hash % 8) + "% 74%)";
  return "hsl(" + (14 + hash % 40) + " 85% " + (64 + hash % 9) + "%)";
}
const isHit = (node) => term !== "" && node.number >= 0 && (nameOf(node) + " " + placeOf(node)).toLowerCase().includes(term);

function draw() {
  graph.textContent = "";
  const width = graph.clientWidth;
  let depth = 0, hits = 0;
  const place = (node, left, scale, level, isBelowHit) => {
    const wide = node.total * scale;
    if (wide < LEAST_WIDTH) return;
    const hit = isHit(node);
    if (hit && !isBelowHit) hits += node.total;
    const box = element("button", "frame" + (hit ? " hit" : term !== "" ? " dim" : ""), wide > 30 ? nameOf(node) : "");
    box.style.cssText = "left:" + left + "px;width:" + Math.max(1, wide - 1) + "px;top:" + level * ROW + "px;background:" + hueOf(node);
    box.setAttribute("aria-label", nameOf(node) + ", " + percent(node.total, root.total));
    box.onmouseenter = box.onfocus = () => tell(node);
    box.onclick = () => { focus = node; draw(); tell(node); };
    graph.append(box);
    depth = Math.max(depth, level + 1);
    for (const child of [...node.children.values()].sort((a, b) => b.total - a.total)) { place(child, left, scale, level + 1, isBelowHit || hit); left += child.total * scale; }
  };
  const line = [];
  for (let node = focus.parent; node; node = node.parent) line.unshift(node);
  line.forEach((node, level) => {
    const box = element("button", "frame dim", nameOf(node));
    box.style.cssText = "left:0;width:" + (width - 1) + "px;top:" + level * ROW + "px;background:" + hueOf(node);
    box.onclick = () => { focus = node; draw(); };
    box.onmouseenter = box.onfocus = () => tell(node);
    graph.append(box);
  });
  place(focus, 0, width / Math.max(1, focus.total), line.length, false);
  graph.style.height = Math.max(depth, line.length + 1) * ROW + "px";
  about.textContent = term === "" ? "" : percent(hits, focus.total) + " in what matches";
}

function tell(node) {
  told.textContent = "";
  told.append(element("b", "", nameOf(node)), document.createTextNode("  " + placeOf(node)), element("br"), document.createTextNode(count(node.total) + " fuel, " + percent(node.total, root.total) + " of all; itself " + count(node.self) + ", " + percent(node.self, root.total)));
}

function functions() {
  const shares = new Map(), active = new Set();
  const visit = (node) => {
    let share = shares.get(node.number);
    if (!share) shares.set(node.number, share = { node, self: 0, total: 0 });
    share.self += node.self;
    const outermost = !active.has(node.number);
    if (outermost) { share.total += node.total; active.add(node.number); }
    for (const child of node.children.values()) visit(child);
    if (outermost) active.delete(node.number);
  };
  for (const child of root.children.values()) visit(child);
  list.textContent = "";
  const head = element("tr");
  head.append(element("th", "number", "self"), element("th", "number", "total"), element("th", "", "function"), element("th", "", "place"));
  list.append(head);
  for (const { node, self, total } of [...shares.values()].sort((a, b) => b.self - a.self || b.total - a.total).slice(0, 50)) {
    const row = element("tr", "row");
    row.append(element("td", "number", percent(self, root.total)), element("td", "number", percent(total, root.total)), element("td", "name", nameOf(node)), element("td", "name", placeOf(node)));
    row.onclick = () => { search.value = nameOf(node); term = search.value.toLowerCase(); draw(); scrollTo(0, 0); };
    list.append(row);
  }
}

function pick() {
  root = treeOf(picker.value === "all" ? data.requests : data.requests.slice(Number(picker.value), Number(picker.value) + 1));
  focus = root;
  draw(); functions(); tell(root);
}

/** https://github.com/jlfwong/speedscope/wiki/Importing-from-custom-sources */
function speedscope() {
  const profiles = data.requests.map((request) => {
    const samples = [], weights = [];
    const walk = (calls, stack) => { for (const [number, fuel, inner] of calls) { const here = [...stack, number]; if (fuel > 0) { samples.push(here); weights.push(fuel); } walk(inner, here); } };
    walk(request.calls, []);
    return { type: "sampled", name: request.title, unit: "none", startValue: 0, endValue: request.fuel, samples, weights };
  });
  const frames = data.functions.map(([kind, name, place]) => { const [, file = kind, line] = /^(.*):(\\d+):\\d+$/.exec(place) || []; return { name: name || "(anonymous)", file, ...(line ? { line: Number(line) } : {}) }; });
  return { $schema: "https://www.speedscope.app/file-format-schema.json", shared: { frames }, profiles, exporter: "nano" };
}

picker.onchange = pick;
search.oninput = () => { term = search.value.trim().toLowerCase(); draw(); };
reset.onclick = () => { focus = root; draw(); };
save.onclick = () => { const link = element("a"); link.href = URL.createObjectURL(new Blob([JSON.stringify(speedscope())], { type: "application/json" })); link.download = "nano.speedscope.json"; link.click(); URL.revokeObjectURL(link.href); };
addEventListener("keydown", (event) => { if (event.key === "Escape") { focus = root; search.value = term = ""; draw(); } });
addEventListener("resize", draw);
if (data.requests.length > 0) pick(); else told.textContent = "No request has been profiled yet.";
`;
