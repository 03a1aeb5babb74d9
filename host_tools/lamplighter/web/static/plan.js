// The plan of one site: its lampposts where `info` says they stand, to zoom, drag and walk through by keyboard.

import { h, s, setAttribute, setText } from "./dom.js";
import { lines, nearest, project, trueMetres, WORLD } from "./geometry.js";
import { Marker } from "./marker.js";
import { counted } from "./words.js";

const PADDING = 64, CLOSEST = 8; // px; px a metre
const GRID = 30; // m between lampposts of which no position is known
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Plan {
  // open(id) -- a lamppost was chosen; tip -- shows facts beside the pointer
  constructor(site, open, tip, tiles) {
    Object.assign(this, { site, open, tip, tiles, markers: new Map(), points: [], near: false, view: null });
    this.ground = s("g", { class: "ground" });
    this.roads = s("path", { class: "roads" });
    this.lamps = s("g", {});
    this.svg = s("svg", { class: "plan", tabindex: "0", role: "group", "aria-label": `Plan of ${site}: arrow keys walk, Enter opens, + and - zoom` },
      this.ground, this.roads, this.lamps);
    this.count = h("span", { class: "count" });
    this.note = h("span", { class: "hint" });
    this.scale = h("span", { class: "scale" });
    const button = (label, text, action) => h("button", { type: "button", "aria-label": label, title: label, onclick: action }, text);
    this.element = h("figure", { class: "site" },
      h("figcaption", {}, h("b", {}, site), this.count, this.note),
      h("div", { class: "canvas" }, this.svg, this.scale, h("div", { class: "zoom" },
        button("Zoom in", "+", () => this.zoom(1.5)), button("Zoom out", "−", () => this.zoom(1 / 1.5)),
        button("Show all", "⤢", () => this.fit()))));
    this.listen();
    new ResizeObserver(() => this.resized()).observe(this.svg);
  }

  update(row) {
    const marker = this.markers.get(row.id);
    if (marker) {
      const moved = marker.row.lat !== row.lat || marker.row.lon !== row.lon;
      marker.update(row, this.near);
      if (moved) this.arrangeSoon();
      return;
    }
    const made = new Marker(row);
    made.element.addEventListener("click", () => this.open(row.id));
    made.element.addEventListener("pointerenter", () => this.tip.show(made));
    made.element.addEventListener("pointerleave", () => this.tip.hide());
    made.element.addEventListener("focus", () => this.tip.show(made));
    made.element.addEventListener("blur", () => this.tip.hide());
    this.markers.set(row.id, made);
    this.lamps.append(made.element);
    this.arrangeSoon();
  }

  arrangeSoon() {
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => {
      this.waiting = 0;
      this.arrange();
    });
  }

  // Where each lamppost is, in metres of the plan.
  arrange() {
    const all = [...this.markers.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
    const placed = all.filter(({ row }) => row.lat !== null && row.lon !== null);
    const others = all.filter((marker) => !placed.includes(marker));
    for (const marker of placed) marker.point = project(marker.row.lat, marker.row.lon);
    const left = Math.min(...placed.map((marker) => marker.point[0])), low = Math.max(...placed.map((marker) => marker.point[1]));
    const wide = Math.max(1, Math.ceil(Math.sqrt(others.length * 3)));
    others.forEach((marker, i) => {
      const [column, line] = [i % wide, Math.floor(i / wide)];
      marker.point = [(placed.length ? left : 0) + column * GRID, (placed.length ? low + 2 * GRID : 0) + line * GRID];
    });
    this.order = all;
    this.points = all.map((marker) => marker.point);
    const found = lines(placed.map((marker) => marker.point));
    this.edges = found.edges.map(([a, b]) => [placed[a], placed[b]]);
    this.spacing = found.spacing || GRID;
    setText(this.count, counted(all.length, "lamppost"));
    setText(this.note, !others.length ? "" : placed.length ? `${others.length} without a position stand below` : "no positions in info: in order of name");
    if (!this.touched) this.fit();
    else this.draw();
    if (!this.lamps.querySelector('[tabindex="0"]') && all[0]) all[0].element.setAttribute("tabindex", "0");
  }

  fit() {
    const { width, height } = this.size();
    if (!width || !this.points.length) return;
    const xs = this.points.map((point) => point[0]), ys = this.points.map((point) => point[1]);
    const [x0, x1, y0, y1] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    const room = Math.min(PADDING, width / 12);
    const scale = Math.min(CLOSEST / 2, (width - 2 * room) / (x1 - x0 || 1), (height - 2 * room) / (y1 - y0 || 1));
    this.view = { x: (x0 + x1) / 2, y: (y0 + y1) / 2, scale };
    this.touched = false;
    this.draw();
  }

  size() {
    return { width: this.svg.clientWidth, height: this.svg.clientHeight };
  }

  resized() {
    if (this.touched) this.draw();
    else this.fit();
  }

  zoom(factor, at) {
    if (!this.view) return;
    const { width, height } = this.size();
    const [px, py] = at || [width / 2, height / 2];
    const scale = Math.min(CLOSEST, Math.max(1e-5, this.view.scale * factor));
    const shift = 1 / this.view.scale - 1 / scale;
    this.view = { x: this.view.x + (px - width / 2) * shift, y: this.view.y + (py - height / 2) * shift, scale };
    this.touched = true;
    this.draw();
  }

  pan(dx, dy) {
    this.view = { ...this.view, x: this.view.x - dx / this.view.scale, y: this.view.y - dy / this.view.scale };
    this.touched = true;
    this.draw();
  }

  draw() {
    if (!this.view) return;
    const { width, height } = this.size();
    const { x, y, scale } = this.view;
    const at = ([px, py]) => [(px - x) * scale + width / 2, (py - y) * scale + height / 2];
    const gap = this.spacing * scale;
    const near = gap > 88 || this.order.length === 1;
    setAttribute(this.svg, "data-detail", near ? "near" : gap > 26 ? "middle" : "far");
    const size = near && (gap > 260 || this.order.length === 1) ? " scale(2)" : ""; // few have room to be read from afar
    for (const marker of this.order) {
      const [px, py] = at(marker.point);
      marker.element.setAttribute("transform", `translate(${px.toFixed(1)} ${py.toFixed(1)})${size}`);
      if (near && !this.near) marker.label();
    }
    this.near = near;
    this.roads.setAttribute("d", this.edges.map(([a, b]) => "M" + at(a.point).map(Math.round) + "L" + at(b.point).map(Math.round)).join(""));
    this.roads.style.strokeWidth = `${Math.max(5, Math.min(26, gap / 3))}px`;
    this.drawScale();
    if (this.tiles) this.drawTiles(at, width, height);
  }

  drawScale() {
    const metre = this.view.scale / trueMetres(this.view.y);
    const steps = [5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 50000, 100000, 500000];
    const metres = steps.find((step) => step * metre >= 60) || steps.at(-1);
    setText(this.scale, metres >= 1000 ? `${metres / 1000} km` : `${metres} m`);
    this.scale.style.width = `${Math.min(300, metres * metre)}px`;
  }

  drawTiles(at, width, height) {
    const z = Math.max(0, Math.min(19, Math.round(Math.log2(WORLD * this.view.scale / 256))));
    const side = WORLD / 2 ** z, half = WORLD / 2;
    const { x, y, scale } = this.view;
    const wanted = new Map();
    const column = (px) => Math.floor((px + half) / side);
    for (let i = column(x - width / 2 / scale); i <= column(x + width / 2 / scale); i++)
      for (let j = column(y - height / 2 / scale); j <= column(y + height / 2 / scale); j++)
        if (i >= 0 && j >= 0 && i < 2 ** z && j < 2 ** z) wanted.set(`${z}/${i}/${j}`, [i, j]);
    for (const image of [...this.ground.children]) if (!wanted.has(image.dataset.tile)) image.remove();
    const there = new Map([...this.ground.children].map((image) => [image.dataset.tile, image]));
    for (const [key, [i, j]] of wanted) {
      const image = there.get(key) || s("image", { "data-tile": key,
        href: this.tiles.replace("{z}", z).replace("{x}", i).replace("{y}", j) });
      const [px, py] = at([i * side - half, j * side - half]);
      for (const [name, value] of [["x", px], ["y", py], ["width", side * scale + 0.5], ["height", side * scale + 0.5]])
        image.setAttribute(name, value.toFixed(1));
      if (!there.has(key)) this.ground.append(image);
    }
  }

  walk(direction) {
    const here = this.order.findIndex((marker) => marker.element === document.activeElement);
    const next = here < 0 ? 0 : nearest(this.points, here, direction);
    if (next < 0) return;
    this.lamps.querySelector('[tabindex="0"]')?.setAttribute("tabindex", "-1");
    const marker = this.order[next];
    marker.element.setAttribute("tabindex", "0");
    marker.element.focus();
    const { width, height } = this.size();
    const px = (marker.point[0] - this.view.x) * this.view.scale, py = (marker.point[1] - this.view.y) * this.view.scale;
    if (Math.abs(px) > width / 2 - 20 || Math.abs(py) > height / 2 - 20) this.pan(-px, -py);
  }

  listen() {
    const { svg } = this;
    const pointers = new Map();
    svg.addEventListener("keydown", (event) => {
      if (STEPS[event.key]) this.walk(STEPS[event.key]);
      else if (event.key === "+" || event.key === "=") this.zoom(1.5);
      else if (event.key === "-") this.zoom(1 / 1.5);
      else if (event.key === "0") this.fit();
      else if (event.key === "Enter" && event.target.dataset.node) this.open(event.target.dataset.node);
      else return;
      event.preventDefault();
    });
    svg.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && !event.metaKey) return; // the page scrolls
      event.preventDefault();
      const box = svg.getBoundingClientRect();
      this.zoom(Math.exp(-event.deltaY / 300), [event.clientX - box.left, event.clientY - box.top]);
    }, { passive: false });
    svg.addEventListener("pointerdown", (event) => {
      if (event.pointerType === "mouse" && event.target.closest(".lamp")) return;
      pointers.set(event.pointerId, [event.clientX, event.clientY]);
    });
    svg.addEventListener("pointermove", (event) => {
      const before = pointers.get(event.pointerId);
      if (!before) return;
      const after = [event.clientX, event.clientY];
      const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
      pointers.set(event.pointerId, after);
      if (other) {
        const box = svg.getBoundingClientRect();
        const far = (point) => Math.hypot(point[0] - other[0], point[1] - other[1]) || 1;
        this.zoom(far(after) / far(before), [(after[0] + other[0]) / 2 - box.left, (after[1] + other[1]) / 2 - box.top]);
        this.pan((after[0] - before[0]) / 2, (after[1] - before[1]) / 2);
      } else if (event.pointerType === "mouse") this.pan(after[0] - before[0], after[1] - before[1]);
    });
    for (const end of ["pointerup", "pointercancel", "pointerleave"])
      svg.addEventListener(end, (event) => pointers.delete(event.pointerId));
  }
}
