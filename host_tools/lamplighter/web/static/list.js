// The list: search, sort, and as many rows as somebody reads.

import { $, h, setAttribute, setText } from "./dom.js";
import { street } from "./feed.js";
import { AIR, counted, lamp, NONE, number, power, SEVERITIES, since, worst } from "./words.js";

const STEP = 100; // rows
const SORT_MS = 1500; // so often rows may change places
const states = (bays) => Object.values(bays);

// [key, title, text of the cell, what it is sorted by]
const COLUMNS = [
  ["node", "Lamppost", (row) => row.asset || row.id.split("/")[1], (row) => row.id],
  ["site", "Site", (row) => row.id.split("/")[0], (row) => row.id.split("/")[0]],
  ["state", "State", (row) => row.state, (row) => ["lost", "offline", "unknown", "online"].indexOf(row.state)],
  ["lamp", "Lamp", lamp, (row) => row.level ?? (row.night ? 1 : 0)],
  ["power", "Power", (row) => power(row.power), (row) => row.power ?? -Infinity],
  ["bays", "Bays", () => "", (row) => states(row.bays).filter((state) => state === "free").length],
  ["air", "Air", (row) => (row.air ? AIR[row.air] : NONE), (row) => row.air ?? 0],
  ["alarms", "Alarms", (row) => row.alarms.map(([code]) => code).join(", ") || NONE,
    (row) => (row.alarms.length ? SEVERITIES.indexOf(worst(row.alarms)) : 9)],
  ["heard", "Last message", (row) => since(row.heard), (row) => -row.heard],
  ["gaps", "Missing", (row) => number(row.gaps), (row) => -row.gaps],
  ["duplicates", "Twice", (row) => number(row.duplicates), (row) => -row.duplicates],
  ["invalid", "Invalid", (row) => number(row.invalid), (row) => -row.invalid],
];

const lines = new Map(); // id -> <tr>
let sorted = "", direction = 1, most = STEP, arranged = 0, visible = false;

export function build() {
  const buttons = COLUMNS.map(([key, title]) => h("th", { scope: "col", "data-column": key },
    h("button", { type: "button", onclick: () => sort(key) }, title)));
  $("list").tHead.append(h("tr", {}, ...buttons));
  $("search").addEventListener("input", () => arrange());
  $("more").addEventListener("click", () => {
    most += 5 * STEP;
    arrange();
  });
  sort("node");
}

function sort(key) {
  direction = sorted === key ? -direction : 1; // again: the other way round
  sorted = key;
  for (const th of $("list").tHead.rows[0].cells)
    setAttribute(th, "aria-sort", th.dataset.column !== sorted ? null : direction > 0 ? "ascending" : "descending");
  if (visible) arrange();
}

export function show(isVisible) {
  visible = isVisible;
  if (visible) arrange();
}

export function update(what) {
  if (!visible) return;
  if (what.all || (what.nodes.size && performance.now() - arranged > SORT_MS)) return void arrange();
  for (const id of what.nodes) if (lines.has(id)) draw(lines.get(id), street.nodes.get(id));
}

function arrange() {
  arranged = performance.now();
  const words = $("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const text = (row) => [row.id, row.asset, row.state, ...row.alarms.flat(), ...states(row.bays), AIR[row.air || 0]].join(" ").toLowerCase();
  const rows = [...street.nodes.values()].filter((row) => !words.length || words.every((word) => text(row).includes(word)));
  const value = COLUMNS.find(([key]) => key === sorted)[3];
  rows.sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    return (x < y ? -1 : x > y ? 1 : a.id < b.id ? -1 : 1) * direction;
  });
  const body = $("list").tBodies[0];
  const kept = rows.slice(0, most);
  const ids = new Set(kept.map((row) => row.id));
  for (const [id, line] of lines) if (!ids.has(id)) (line.remove(), lines.delete(id));
  kept.forEach((row, i) => {
    if (!lines.has(row.id)) lines.set(row.id, make(row));
    const line = lines.get(row.id);
    draw(line, row);
    if (body.rows[i] !== line) body.insertBefore(line, body.rows[i] || null);
  });
  $("more").hidden = rows.length <= most;
  setText($("found"), words.length ? `${number(rows.length)} of ${counted(street.nodes.size, "lamppost")}` : counted(rows.length, "lamppost"));
}

function make(row) {
  const cells = COLUMNS.map(([key, title]) => h("td", { class: `c-${key}`, "data-title": title }));
  cells[0].append(h("a", { href: `#/lamppost/${row.id}` }));
  return h("tr", { "data-row": row.id }, ...cells);
}

function draw(line, row) {
  COLUMNS.forEach(([key, , text], i) => {
    if (key === "bays") drawBays(line.cells[i], row.bays);
    else setText(i ? line.cells[i] : line.cells[i].firstChild, text(row));
  });
  setAttribute(line, "data-is", row.state);
  setAttribute(line, "data-alarm", worst(row.alarms) || null);
  setAttribute(line, "data-air", row.air || null);
  setAttribute(line, "data-flaw", row.gaps || row.invalid ? "1" : null);
}

function drawBays(cell, bays) {
  const list = Object.entries(bays);
  if (cell.childElementCount !== list.length) cell.replaceChildren(...list.map(() => h("i", { class: "bay" })));
  list.forEach(([bay, state], i) => {
    setAttribute(cell.children[i], "data-bay", state);
    setAttribute(cell.children[i], "title", `bay ${bay}: ${state}`);
    setText(cell.children[i], bay.length <= 2 ? bay : "");
  });
}
