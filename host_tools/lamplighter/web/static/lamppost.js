// The page of one lamppost.

import { $, h, pairs, setAttribute, setText } from "./dom.js";
import { course, sparkline } from "./chart.js";
import { street } from "./feed.js";
import { ago, AIR, clock, counted, moment, NONE, number, since } from "./words.js";

const PAUSE_MS = 1000; // between two looks
const NAMES = { "tele/energy": "Energy", "tele/air": "Air", "tele/light": "Light" }; // in the order that they are shown in
const order = (group) => (Object.keys(NAMES).indexOf(group.suffix) + 1 || 99);
let id = "", view = null, looking = false, again = 0, wanted = false;

export function show(name) {
  leave();
  id = name || "";
  if (id) open();
}

export function update(what) {
  if (id && (what.all || what.nodes.has(id))) look();
}

function leave() {
  view?.end();
  view = null;
  clearTimeout(again);
  again = 0;
}

function open() {
  view = new View(id);
  $("view-lamppost").replaceChildren(view.element);
  look();
}

async function look() {
  wanted = looking || again !== 0; // what changes meanwhile is looked at afterwards
  if (wanted) return;
  looking = true;
  const asked = id;
  try {
    const answer = await fetch(`/lamppost/${asked}`);
    const found = await answer.json();
    if (asked === id && view) view.draw(answer.ok ? found : null);
  } catch {
    // the header says that the server is away; the next change looks again
  } finally {
    looking = false;
  }
  if (asked !== id) return void look();
  again = setTimeout(() => {
    again = 0;
    if (wanted) look();
  }, PAUSE_MS);
}

class View {
  constructor(name) {
    this.name = name;
    this.drawn = new Map(); // part -> what it was drawn from
    this.cards = new Map(); // "tele/air.pm2_5" -> {card, chart}
    this.groups = new Map();
    this.chosen = null;
    this.hours = 0;
    this.title = h("h1", {}, name.split("/")[1]);
    this.state = h("span", { class: "pill" });
    this.sub = h("p", { class: "hint" });
    this.parts = Object.fromEntries(["alarms", "values", "bays", "what", "health", "numbers", "boots"].map((part) => [part, h("div", { class: `part ${part}` })]));
    this.said = h("span", { class: "hint", role: "status" });
    this.box = h("div", { class: "course" });
    this.choice = h("div", { class: "choice", role: "group", "aria-label": "Period" });
    this.courseTitle = h("h2", {}, "Course");
    this.course = h("div", { class: "part", hidden: true }, h("div", { class: "bar" }, this.courseTitle, this.said, this.choice), this.box);
    const p = this.parts;
    this.element = h("div", { class: "lamppost" }, h("p", {}, h("a", { href: "#/street", class: "back" }, "← Street")),
      h("div", { class: "bar" }, this.title, this.state), this.sub, p.alarms, p.bays, p.values, this.course,
      h("div", { class: "columns" }, p.what, p.health, p.numbers, p.boots));
  }

  end() {
    for (const { chart } of this.cards.values()) chart?.end();
    this.chart?.end();
  }

  // Draws a part anew only where what it shows has changed.
  part(name, data, render) {
    const key = JSON.stringify(data);
    if (this.drawn.get(name) === key) return;
    this.drawn.set(name, key);
    this.parts[name].replaceChildren(...render(data));
  }

  draw(found) {
    if (!found) {
      this.sub.replaceChildren(`Nothing was heard of ${this.name} yet.`);
      return;
    }
    setText(this.title, found.asset || this.name.split("/")[1]);
    setText(this.state, found.state + (found.reason ? `: ${found.reason}` : ""));
    setAttribute(this.state, "data-is", found.state);
    const place = found.lat === null ? "no position" : `${number(found.lat, 5)}, ${number(found.lon, 5)}`;
    setText(this.sub, `${this.name} · ${place} · last message ${since(found.heard)}`);
    this.part("alarms", found.alarms_on, (alarms) => alarms.map(alarmCard));
    this.part("bays", found.groups.filter((group) => group.suffix.startsWith("tele/parking/")), bays);
    this.values(found.groups.filter((group) => !group.suffix.startsWith("tele/parking/")).sort((a, b) => order(a) - order(b)));
    this.part("what", found.info, what);
    this.part("health", found.diag, health);
    this.part("numbers", [found.messages, found.gaps, found.awaited, found.duplicates, found.dropped, found.invalid, found.holes], numbers);
    this.part("boots", found.boots, boots);
  }

  values(groups) {
    for (const group of groups) {
      if (!this.groups.has(group.suffix)) {
        const made = { age: h("span", { class: "hint" }), grid: h("div", { class: "cards" }), extra: h("span", { class: "air-word" }) };
        this.groups.set(group.suffix, made);
        this.parts.values.append(h("section", {}, h("div", { class: "bar" }, h("h2", {}, NAMES[group.suffix] || group.suffix), made.extra, made.age), made.grid));
      }
      const { age, grid, extra } = this.groups.get(group.suffix);
      setText(age, group.age < 5 ? "now" : `window ended ${ago(group.age)}${group.late ? ", delayed" : ""}`);
      const index = group.aqi?.index;
      setText(extra, index === null || index === undefined ? "" : `${group.aqi.table} ${index}${group.aqi.table.startsWith("US") ? "" : ` ${AIR[index]}`}`);
      for (const value of group.values) this.value(grid, group.suffix, value);
    }
  }

  value(grid, suffix, value) {
    const key = `${suffix}.${value.name}`;
    let made = this.cards.get(key);
    if (!made) {
      const parts = { amount: h("b"), unit: h("span"), letter: h("em", { class: "letter" }), box: h("div", { class: "spark" }) };
      const card = h("button", { type: "button", class: "card", onclick: () => this.choose(key) },
        h("span", { class: "title" }, value.title), h("span", { class: "amount" }, parts.amount, parts.unit, parts.letter), parts.box);
      made = { ...parts, card, chart: null };
      this.cards.set(key, made);
      grid.append(card);
    }
    made.value = value;
    setText(made.amount, number(value.value, value.decimals));
    setText(made.unit, ` ${value.unit}`);
    setText(made.letter, value.letter === "V" ? "" : value.letter);
    setAttribute(made.letter, "title", value.meaning);
    setAttribute(made.card, "data-letter", value.letter);
    setAttribute(made.card, "aria-label", `${value.title} ${number(value.value, value.decimals)} ${value.unit}, ${value.meaning}`);
    if (value.points && value.points[0].length > 1) {
      if (made.chart) made.chart.set(value.points);
      else made.chart = sparkline(made.box, value.points);
    }
    if (!this.chosen && made.chart) this.choose(key);
    else if (this.chosen === key && !this.hours) this.drawCourse(value.points, value);
  }

  choose(key) {
    this.chosen = key;
    for (const [other, { card }] of this.cards) setAttribute(card, "aria-pressed", other === key);
    const periods = [[0, "seen here"], ...street.history.map((hours) => [hours, hours < 48 ? `${hours} h` : `${hours / 24} days`])];
    this.choice.replaceChildren(...(periods.length < 2 ? [] : periods.map(([hours, text]) =>
      h("button", { type: "button", "aria-pressed": String(hours === this.hours), onclick: () => ((this.hours = hours), this.choose(key)) }, text))));
    const { value } = this.cards.get(key);
    setText(this.courseTitle, `Course of ${/^[A-Z][a-z]/.test(value.title) ? value.title.toLowerCase() : value.title}${value.unit ? `, ${value.unit}` : ""}`);
    this.chart?.end();
    this.chart = null;
    setText(this.said, "");
    if (this.hours) this.fromStore(value);
    else this.drawCourse(value.points, value);
  }

  drawCourse(points, value) {
    this.course.hidden = !points;
    if (!points) return;
    if (this.chart) this.chart.set(points);
    else this.chart = course(this.box, points, value, (text) => setText(this.said, text));
  }

  async fromStore(value) {
    const asked = [this.chosen, this.hours].join();
    let found = { problem: "The server did not answer." };
    try {
      found = await (await fetch(`/history/${this.name}?hours=${this.hours}`)).json();
    } catch {
      // said below
    }
    if (asked !== [this.chosen, this.hours].join()) return;
    const series = found.series?.[value.name];
    this.course.hidden = false;
    if (series) this.drawCourse(series.points, value);
    else setText(this.said, found.problem || "The store has no such value in this time.");
  }
}

export function alarmCard(alarm) {
  return h("article", { class: "alarm", "data-severity": alarm.severity },
    h("h3", {}, h("span", { class: "severity" }, alarm.severity), ` ${alarm.code}`, alarm.node ? h("a", { href: `#/lamppost/${alarm.node}` }, alarm.node) : null),
    h("p", {}, [alarm.meaning, alarm.evidence && `Evidence: ${alarm.evidence}${alarm.value === null ? "" : ` (${alarm.value})`}.`].filter(Boolean).join(" ")),
    h("p", { class: "remedy" }, alarm.remedy || ""),
    h("p", { class: "hint" }, alarm.since ? `since ${typeof alarm.since === "number" ? clock(alarm.since) : moment(alarm.since)}` : "since an unknown time"));
}

function bays(groups) {
  if (!groups.length) return [];
  const cards = groups.map((group) => h("div", { class: "bay-card", "data-bay": group.plain.state },
    h("b", {}, `Bay ${group.suffix.split("/")[2]}`), h("strong", {}, group.plain.state),
    h("span", { class: "hint" }, [group.plain.confidence !== null ? `${group.plain.confidence} % sure` : "", group.plain.since ? `since ${moment(group.plain.since)}` : "",
      group.plain.evidence].filter(Boolean).join(" · "))));
  return [h("h2", {}, "Parking"), h("div", { class: "bay-cards" }, ...cards)];
}

function what(info) {
  const table = h("dl", {}, ...pairs([["Firmware", info.firmware], ["Build", info.build], ["Board", info.board], ["Chip", info.chip],
    ["MQTT", info.protocol], ["Configuration", info.config], ["Asset", info.asset]]));
  const parts = (info.parts || []).map((part) => h("li", {}, h("b", {}, part.id), ` ${part.part}`));
  return [h("h2", {}, "What it is"), table, h("h3", {}, "Parts"), parts.length ? h("ul", { class: "plain" }, ...parts) : h("p", { class: "hint" }, "No info was received.")];
}

function health(diag) {
  if (!Object.keys(diag).length) return [h("h2", {}, "Health"), h("p", { class: "hint" }, "diag comes once an hour; none was received yet.")];
  const faults = Object.entries(diag.faults || {}).map(([part, count]) => `${part} ${count}`).join(", ");
  return [h("h2", {}, "Health"), h("dl", {}, ...pairs([
    ["Journal", `${counted(diag.depth, "record")} waiting`], ["Dropped", diag.dropped ? number(diag.dropped) : "none"],
    ["Signal", diag.rssi === null ? NONE : `${diag.rssi} dBm`], ["Free memory", `${number(diag.heap_free / 1024)} kB`],
    ["Power cuts", number(diag.power_cuts)], ["Last reset", diag.reset], ["Clock", diag.clock && diag.clock + (diag.clock_tu === null ? "" : `, ±${number(diag.clock_tu)} ms`)],
    ["Flash", diag.wear?.years === null || !diag.wear ? "" : `${number(diag.wear.years)} years left`],
    ["Lamp burnt", diag.burn_s === undefined ? "" : `${number(diag.burn_s / 3600, 1)} h`], ["Faults of parts", faults]]))];
}

function numbers([messages, gaps, awaited, duplicates, dropped, invalid, holes]) {
  const lines = holes.map(([b, first, last]) => h("li", {}, `boot ${b}: ${first === last ? first : `${first} to ${last}`}`));
  return [h("h2", {}, "Completeness by (node, b, s)"), h("dl", {}, ...pairs([["Messages", number(messages)],
    ["Missing", number(gaps), gaps ? "bad" : "good"], ["Received twice", number(duplicates)], ["Still awaited", awaited || ""], ["Dropped by the node", dropped || ""],
    ["Invalid", number(invalid), invalid ? "bad" : "good"]])), lines.length ? h("ul", { class: "plain" }, ...lines) : h("p", { class: "hint" }, "No number is missing.")];
}

function boots(list) {
  const rows = list.map((boot) => h("li", {}, h("b", {}, `Boot ${boot.b}`), ` ${boot.ts ? moment(boot.ts) : clock(boot.received)} · ${boot.reset} · slot ${boot.slot}` +
    `${boot.fallback ? ` (${boot.fallback})` : ""} · ${counted(boot.power_cuts, "power cut")}`));
  return [h("h2", {}, "Last boots"), rows.length ? h("ul", { class: "plain" }, ...rows) : h("p", { class: "hint" }, "None was seen since this page's server started.")];
}
