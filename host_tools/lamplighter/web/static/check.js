// Counts of the contract check.

import { $, h, pairs } from "./dom.js";
import { number } from "./words.js";

let visible = false, asking = false;

export function show(isVisible) {
  visible = isVisible;
  if (visible) ask();
}

export function update(what) {
  if (visible && (what.counts || what.all)) ask();
}

async function ask() {
  if (asking) return;
  asking = true;
  try {
    draw(await (await fetch("/check")).json());
  } catch {
    // the header says that the server is away
  } finally {
    asking = false;
  }
}

function draw(found) {
  const bad = (count) => (count ? "bad" : "good");
  $("counts").replaceChildren(...pairs([
    ["Lampposts", number(found.nodes)], ["Messages", number(found.messages)], ["Kept by the broker", number(found.retained)],
    ["Invalid", number(found.invalid), bad(found.invalid)], ["Missing", number(found.gaps), bad(found.gaps)], ["Received twice", number(found.duplicates)],
    ["Dropped by lampposts", number(found.dropped)], ["Still awaited", number(found.awaited)], ["Our own interruptions", number(found.interruptions)],
    ["Not kept", found.crowded ? `${number(found.crowded)} messages of too many names` : "", "bad"], ["Watching for", `${number(found.seconds / 60, 1)} min`]]));
  $("holes").replaceChildren(...(found.holes.length ? found.holes.map((hole) => h("li", {}, hole)) : [h("li", { class: "hint" }, "None.")]));
  $("complaints").replaceChildren(...(found.complaints.length ? found.complaints.map((line) => h("li", {}, line)) : [h("li", { class: "hint" }, "None.")]));
}
