// Alarms that are on, their course over time, and those that ended.

import { $, h, s, setText } from "./dom.js";
import { street } from "./feed.js";
import { alarmCard } from "./lamppost.js";
import { ago, clock, now } from "./words.js";

const MOST = 60; // lines of the timeline
const MOST_CARDS = 100;
const LINE = 22, LEFT = 4; // px
let visible = false;

export function show(isVisible) {
  visible = isVisible;
  if (visible) draw();
}

export function update(what) {
  const on = street.alarms.filter((alarm) => alarm.ended === null).length;
  $("alarm-count").hidden = !on;
  setText($("alarm-count"), String(on));
  if (visible && (what.alarms || what.all)) draw();
}

function draw() {
  const on = street.alarms.filter((alarm) => alarm.ended === null), ended = street.alarms.filter((alarm) => alarm.ended !== null);
  $("alarms-on").replaceChildren(...(on.length ? on.slice(0, MOST_CARDS).map(alarmCard) : [h("p", { class: "all-well" }, "No alarm is on.")]),
    on.length > MOST_CARDS ? h("p", { class: "hint" }, `and ${on.length - MOST_CARDS} more: the list has all`) : "");
  $("alarms-ended").replaceChildren(ended.length ? h("ul", { class: "plain" }, ...ended.slice(0, MOST_CARDS).map((alarm) =>
    h("li", {}, h("span", { class: "severity", "data-severity": alarm.severity }, alarm.severity), ` ${alarm.code} `, h("a", { href: `#/lamppost/${alarm.node}` }, alarm.node),
      h("span", { class: "hint" }, ` ${clock(alarm.since)} to ${clock(alarm.ended)}`)))) : h("p", { class: "hint" }, "None since this page's server started."));
  timeline([...on, ...ended]);
}

function timeline(alarms) {
  if (!alarms.length) return void $("timeline").replaceChildren(h("p", { class: "hint" }, "Nothing to show yet."));
  const end = now();
  const lines = new Map(); // node and code -> spans
  for (const alarm of alarms) {
    const key = `${alarm.node} ${alarm.code}`;
    if (lines.has(key) || lines.size < MOST) lines.set(key, [...(lines.get(key) || []), alarm]);
  }
  const start = Math.max(end - 86400, Math.min(...alarms.map((alarm) => alarm.since), end - 60));
  const x = (at) => `${(100 * (Math.max(start, at) - start)) / (end - start)}%`;
  const width = (alarm) => `${Math.max(0.4, (100 * ((alarm.ended ?? end) - Math.max(start, alarm.since))) / (end - start))}%`;
  const rows = [...lines].map(([key, spans]) => h("div", { class: "line" }, h("span", { class: "who" }, key),
    s("svg", { height: LINE, "aria-hidden": "true" }, ...spans.filter((alarm) => (alarm.ended ?? end) > start).map((alarm) =>
      s("rect", { x: x(alarm.since), y: LEFT, width: width(alarm), height: LINE - 2 * LEFT, rx: 3, "data-severity": alarm.severity, class: alarm.ended === null ? "on" : "" },
        s("title", {}, `${alarm.code} ${clock(alarm.since)} to ${alarm.ended ? clock(alarm.ended) : "now"}`))))));
  $("timeline").replaceChildren(h("div", { class: "line axis" }, h("span", { class: "who" }), h("span", {}, ago(end - start)), h("span", {}, "now")), ...rows);
}
