// Charts by uPlot (MIT), which index.html loads: small ones without axes, and one to read values from.

import { clock, NONE, number } from "./words.js";

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function chart(box, options, data) {
  const size = () => ({ width: Math.max(60, box.clientWidth), height: Math.max(28, box.clientHeight) });
  const made = new uPlot({ ...options, ...size(), legend: { show: false } }, data, box);
  const observer = new ResizeObserver(() => made.setSize(size()));
  observer.observe(box);
  return { set: (fresh) => made.setData(fresh), end: () => (observer.disconnect(), made.destroy()) };
}

const line = () => ({ stroke: color("--chart"), fill: color("--chart-below"), width: 1.6, spanGaps: false, points: { show: false } });

export function sparkline(box, points) {
  return chart(box, {
    cursor: { show: false }, padding: [3, 2, 3, 2], axes: [{ show: false }, { show: false }],
    scales: { y: { range: wide } }, series: [{}, line()],
  }, points);
}

// said(text) -- the moment and value under the pointer
export function course(box, points, { unit, decimals }, said) {
  const axis = { stroke: color("--quiet"), grid: { stroke: color("--line"), width: 1 }, ticks: { stroke: color("--line"), width: 1 },
    font: "12px system-ui, sans-serif" };
  return chart(box, {
    padding: [10, 12, 0, 0],
    cursor: { y: false, points: { size: 8 } },
    axes: [{ ...axis, space: 70, values: (_, splits, __, ___, step) => splits.map((at) => label(at, step)) },
      { ...axis, size: 58, values: (_, splits) => splits.map((value) => number(value, Math.abs(value) >= 1000 ? 0 : decimals)) }],
    scales: { y: { range: wide } },
    series: [{}, line()],
    hooks: { setCursor: [(plot) => {
      const i = plot.cursor.idx;
      const value = i === null || i === undefined ? null : plot.data[1][i];
      said(i === null || i === undefined ? "" : `${clock(plot.data[0][i])}: ${value === null ? NONE : number(value, decimals)} ${unit}`);
    }] },
  }, points);
}

function label(at, step) {
  const then = new Date(at * 1000);
  if (step >= 86400) return then.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
  return then.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", second: step < 60 ? "2-digit" : undefined });
}

// A range that shows a change without making noise of the last digit a mountain.
function wide(_, low, high) {
  if (low === null || high === null) return [0, 1];
  const least = Math.max(Math.abs(high) * 0.05, 1e-3);
  const room = Math.max((high - low) * 0.12, (least - (high - low)) / 2);
  return [low >= 0 && low - room < 0 ? 0 : low - room, high + room];
}
