// Routes between the views, and what stands around them: figures, the connection, the tool tip.

import * as alarms from "./alarms.js";
import * as check from "./check.js";
import { $, h, pairs, setAttribute, setText } from "./dom.js";
import { listen, start, street } from "./feed.js";
import * as lamppost from "./lamppost.js";
import * as list from "./list.js";
import { Plan } from "./plan.js";
import { AIR, clock, counted, number, power } from "./words.js";

const plans = new Map(); // site -> Plan
const open = (id) => (location.hash = `#/lamppost/${id}`);

const tip = {
  show(marker) {
    const box = marker.element.getBoundingClientRect();
    $("tip").replaceChildren(h("b", {}, marker.row.asset || marker.name), h("dl", {}, ...pairs(marker.facts())));
    $("tip").hidden = false;
    const { offsetWidth: width, offsetHeight: height } = $("tip");
    const left = Math.max(8, Math.min(innerWidth - width - 8, box.left + box.width / 2 - width / 2));
    const top = box.top - height - 10 > 8 ? box.top - height - 10 : box.bottom + 10;
    Object.assign($("tip").style, { left: `${left}px`, top: `${top}px` });
  },
  hide: () => ($("tip").hidden = true),
};

function route() {
  const [, view = "street", ...rest] = location.hash.split("/");
  const shown = ["street", "list", "lamppost", "alarms", "check"].includes(view) ? view : "street";
  for (const section of document.querySelectorAll("[data-view]")) section.hidden = section.dataset.view !== shown;
  for (const link of document.querySelectorAll("nav a")) setAttribute(link, "aria-current", link.hash === `#/${shown}` ? "page" : null);
  tip.hide();
  list.show(shown === "list");
  alarms.show(shown === "alarms");
  check.show(shown === "check");
  lamppost.show(shown === "lamppost" ? rest.join("/") : "");
  if (shown === "lamppost") scrollTo(0, 0);
  document.title = shown === "lamppost" ? `${rest.join("/")} – Lamplighter` : `Lamplighter – ${shown}`;
}

function drawPlans(what) {
  if (what.all) // the server was started anew: who is gone goes
    for (const [site, plan] of plans)
      if ([...plan.markers.keys()].some((id) => !street.nodes.has(id))) (plan.element.remove(), plans.delete(site));
  for (const id of what.all ? street.nodes.keys() : what.nodes) {
    const site = id.split("/")[0];
    if (!plans.has(site)) {
      plans.set(site, new Plan(site, open, tip, street.tiles));
      $("plans").append(...[...plans].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, plan]) => plan.element));
      $("plans").dataset.sites = plans.size > 6 ? "many" : plans.size;
    }
    plans.get(site).update(street.nodes.get(id));
  }
}

function drawFigures() {
  const rows = [...street.nodes.values()];
  const online = rows.filter((row) => row.state === "online");
  const bays = rows.flatMap((row) => Object.values(row.bays));
  const watts = online.reduce((sum, row) => sum + (row.power || 0), 0);
  const air = rows.map((row) => row.air).filter(Boolean).sort((a, b) => a - b);
  const on = street.alarms.filter((alarm) => alarm.ended === null).length;
  const { gaps = 0, invalid = 0 } = street.counts;
  const median = air[Math.floor(air.length / 2)];
  const tiles = [
    ["Online", number(online.length), `of ${counted(rows.length, "lamppost")}`, online.length < rows.length ? "warn" : "good"],
    ["Power now", power(watts), online.length ? `${power(watts / online.length)} a lamppost` : "", ""],
    ["Free bays", number(bays.filter((state) => state === "free").length), `of ${number(bays.length)}`, ""],
    ["Air", median ? AIR[median] : "–", air.length ? `worst: ${AIR[air.at(-1)]}` : "no index yet", median ? `air-${median}` : ""],
    ["Alarms", number(on), on ? "on now" : "none on", on ? "bad" : "good"],
    ["Missing records", number(gaps), invalid ? `${number(invalid)} invalid messages` : "all messages valid", gaps || invalid ? "bad" : "good"],
  ];
  if (!$("figures").children.length)
    $("figures").append(...tiles.map(([title]) => h("div", {}, h("dt", {}, title), h("dd", {}, h("b"), h("small")))));
  tiles.forEach(([, value, more, kind], i) => {
    const tile = $("figures").children[i];
    setText(tile.querySelector("b"), value);
    setText(tile.querySelector("small"), more);
    setAttribute(tile, "data-kind", kind);
  });
  $("empty").hidden = rows.length > 0 || !street.began;
}

function drawLink() {
  const { broker } = street;
  const away = !street.connected ? (street.lostAt ? `The server of this page has not answered since ${clock(street.lostAt / 1000)}; what you see is from then.` : "")
    : street.began && !broker.up ? `The broker ${broker.where} has been away since ${clock(broker.since)} (${broker.reason}); reconnecting. What you see is from then.` : "";
  setText($("trouble"), away);
  $("trouble").hidden = !away;
  setText($("link"), away ? "away" : street.began ? "live" : "connecting");
  setAttribute($("link"), "data-is", away ? "lost" : street.began ? "online" : "unknown");
  setAttribute($("link"), "title", broker.where ? `broker ${broker.where}` : null);
}

function theme() {
  const chosen = localStorage.getItem("theme");
  if (chosen) document.documentElement.dataset.theme = chosen;
  $("theme").addEventListener("click", () => {
    const dark = document.documentElement.dataset.theme ? document.documentElement.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    document.documentElement.dataset.theme = dark ? "light" : "dark";
    localStorage.setItem("theme", dark ? "light" : "dark");
    route(); // charts take their colours anew
  });
}

const LEGEND = [["lit", "lamp on"], ["online", "online"], ["offline", "offline"], ["lost", "lost"], ["free", "bay free"], ["occupied", "occupied"],
  ["unknown", "unknown"], ["blocked", "blocked"], ["alarm", "alarm"], ["road", "joins neighbours"]];

theme();
$("legend").append(...LEGEND.map(([kind, text]) => h("li", {}, h("i", { "data-sign": kind }), text)));
list.build();
addEventListener("hashchange", route);
let figures = 0;
listen((what) => {
  const all = { nodes: new Set(), ...what };
  drawPlans(all);
  list.update(all);
  lamppost.update(all);
  alarms.update(all);
  check.update(all);
  if (what.link) drawLink();
  // sums over the street need no more than a few looks a second
  if (!figures) figures = setTimeout(() => ((figures = 0), drawFigures()), what.all ? 0 : 300);
});
route();
start();
