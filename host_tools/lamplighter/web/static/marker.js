// One lamppost on the plan: lamp, bays, alarm ring, air and power. Parts that are not needed are not made.

import { s, setAttribute, setText } from "./dom.js";
import { AIR, isLit, lamp, power, worst } from "./words.js";

const BAY = 9; // px
const MOST_BAYS = 8; // that are drawn

export class Marker {
  constructor(row) {
    this.id = row.id;
    this.name = row.id.split("/")[1];
    this.head = s("circle", { class: "head", r: 7 });
    this.element = s("g", { class: "lamp", "data-node": row.id, role: "link", tabindex: "-1" }, this.head);
    this.update(row, false);
  }

  // near -- with labels
  update(row, near) {
    this.row = row;
    const { element } = this;
    setAttribute(element, "data-state", row.state);
    setAttribute(element, "data-lit", isLit(row) && row.state === "online" ? "1" : null);
    setAttribute(element, "data-alarm", worst(row.alarms) || null);
    setAttribute(element, "aria-label", this.words());
    this.part("glow", isLit(row) && row.state === "online", () => s("circle", { class: "glow", r: 30 }), true);
    if (this.glow) setAttribute(this.glow, "opacity", row.level === null || row.level === undefined ? 0.8 : 0.25 + 0.75 * row.level / 100);
    this.part("ring", row.alarms.length > 0, () => s("circle", { class: "ring", r: 12 }));
    this.part("cross", row.state === "lost", () => s("path", { class: "cross", d: "M-4-4 4 4M4-4-4 4" }));
    this.drawBays(row.bays);
    if (near) this.label();
  }

  words() {
    const { row } = this;
    const bays = Object.entries(row.bays).map(([bay, state]) => `bay ${bay} ${state}`);
    const alarms = row.alarms.map(([code]) => `alarm ${code}`);
    return [row.asset || this.name, row.state, `lamp ${lamp(row)}`, power(row.power), ...bays, ...alarms].join(", ");
  }

  part(name, wanted, make, below = false) {
    if (wanted && !this[name]) {
      this[name] = make();
      if (below) this.element.prepend(this[name]);
      else this.element.append(this[name]);
    } else if (!wanted && this[name]) {
      this[name].remove();
      this[name] = null;
    }
  }

  drawBays(bays) {
    const states = Object.entries(bays).slice(0, MOST_BAYS);
    if (states.length !== (this.bays || []).length) {
      (this.bays || []).forEach((bay) => bay.remove());
      this.bays = states.map((_, i) => s("rect", { class: "bay", x: (i - states.length / 2) * (BAY + 2) + 1, y: 13,
        width: BAY, height: 14, rx: 2 }));
      this.element.append(...this.bays);
    }
    states.forEach(([, state], i) => setAttribute(this.bays[i], "data-bay", state));
  }

  label() {
    const { row } = this;
    if (!this.texts) {
      this.texts = [s("text", { class: "name", x: 16, y: -2 }), s("text", { class: "power", x: 16, y: 11 })];
      this.airDot = s("circle", { class: "air", cx: -15, cy: -9, r: 4.5 });
      this.element.append(...this.texts, this.airDot);
    }
    setText(this.texts[0], this.name);
    setText(this.texts[1], row.power === null ? "" : power(row.power));
    setAttribute(this.airDot, "data-air", row.air || 0);
  }

  // [title, value, class] for the tool tip
  facts() {
    const { row } = this;
    return [
      ["State", row.state],
      ["Lamp", lamp(row)],
      ["Power", power(row.power)],
      ["Bays", Object.entries(row.bays).map(([bay, state]) => `${bay} ${state}`).join(", ")],
      ["Air", row.air ? AIR[row.air] : ""],
      ["Alarms", row.alarms.map(([code]) => code).join(", ")],
    ];
  }
}
