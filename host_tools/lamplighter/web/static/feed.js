// The stream of changes: keeps every lamppost's row, and tells the views what changed.

import { setClock } from "./words.js";

export const street = {
  nodes: new Map(), // "site/node" -> row
  alarms: [],
  counts: {},
  broker: { where: "", up: true, since: 0, reason: "" },
  tiles: null,
  history: [],
  connected: false, // to the server
  lostAt: 0, // ms, when that was lost
  began: false,
};

const listeners = [];

// listener(what): what.all -- everything is new; what.nodes -- Set of ids; what.alarms, what.counts, what.link
export const listen = (listener) => listeners.push(listener);
const tell = (what) => listeners.forEach((listener) => listener(what));

export function start() {
  const source = new EventSource("/events");
  source.onopen = () => {
    street.connected = true;
    tell({ link: true });
  };
  source.onerror = () => {
    if (street.connected || !street.lostAt) street.lostAt = Date.now();
    street.connected = false;
    tell({ link: true });
    // a browser gives up after an answer that is no stream, such as "too many"
    if (source.readyState === EventSource.CLOSED) setTimeout(start, 5000 + Math.random() * 5000);
  };
  source.addEventListener("street", (event) => {
    const whole = JSON.parse(event.data);
    setClock(whole.now);
    Object.assign(street, { alarms: whole.alarms, counts: whole.counts, broker: whole.broker, tiles: whole.tiles,
      history: whole.history, began: true });
    street.nodes = new Map(whole.nodes.map((row) => [row.id, row]));
    tell({ all: true, nodes: new Set(street.nodes.keys()), alarms: true, counts: true, link: true });
  });
  source.addEventListener("change", (event) => {
    const change = JSON.parse(event.data);
    const nodes = new Set();
    for (const row of change.nodes || []) {
      street.nodes.set(row.id, row);
      nodes.add(row.id);
    }
    if (change.alarms) street.alarms = change.alarms;
    if (change.counts) street.counts = change.counts;
    if (change.broker) street.broker = change.broker;
    if (change.now) setClock(change.now);
    tell({ nodes, alarms: Boolean(change.alarms), counts: Boolean(change.counts), link: Boolean(change.broker) });
  });
}
