// Numbers, times and classes in words.

export const STATES = { online: "online", offline: "offline", lost: "lost", unknown: "unknown" };
export const AIR = ["", "good", "fair", "moderate", "poor", "very poor", "extremely poor"];
export const SEVERITIES = ["critical", "major", "minor", "warning"];
export const NONE = "–";

let offset = 0; // this computer's clock behind that of the server, in seconds

export function setClock(serverNow) {
  offset = serverNow - Date.now() / 1000;
}

export const now = () => Date.now() / 1000 + offset;

export function number(value, decimals = 0) {
  if (value === null || value === undefined) return NONE;
  return value.toLocaleString("en-GB", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

export function power(watts) {
  if (watts === null || watts === undefined) return NONE;
  return Math.abs(watts) >= 10000 ? `${number(watts / 1000, 1)} kW` : `${number(watts, watts < 1000 ? 1 : 0)} W`;
}

export function ago(seconds) {
  if (!(seconds >= 0)) return "now";
  for (const [size, unit] of [[86400, "d"], [3600, "h"], [60, "min"]])
    if (seconds >= 2 * size) return `${Math.floor(seconds / size)} ${unit} ago`;
  return seconds < 2 ? "now" : `${Math.floor(seconds)} s ago`;
}

export const since = (unix) => (unix ? ago(now() - unix) : NONE);

export function clock(unix) {
  const then = new Date(unix * 1000);
  const day = then.toDateString() === new Date().toDateString() ? "" :
    then.toLocaleDateString("en-GB", { day: "numeric", month: "short" }) + " ";
  return day + then.toLocaleTimeString("en-GB");
}

export function moment(text) {
  const unix = Date.parse(text) / 1000;
  return Number.isNaN(unix) ? NONE : clock(unix);
}

export function worst(alarms) {
  return SEVERITIES.find((severity) => alarms.some(([, one]) => one === severity)) || "";
}

export const isLit = (row) => (row.level === null || row.level === undefined ? row.night === true : row.level > 0);

export function lamp(row) {
  if (row.level !== null && row.level !== undefined) return `${row.level} %`;
  return row.night === true ? "night" : row.night === false ? "day" : NONE;
}

export const counted = (count, one, many = one + "s") => `${number(count)} ${count === 1 ? one : many}`;
