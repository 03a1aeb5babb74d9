// The steps of a commissioning, as the computer at the lamppost reports them.

import { $, h, setText } from "./dom.js";

const SIGNS = { waiting: "", running: "…", done: "✓", failed: "✗", postponed: "later" };
let ended = false;

function shown(id, text) {
  $(id).hidden = !text;
  return $(id);
}

function draw(state) {
  setText($("title"), state.title);
  document.title = state.title;
  setText(shown("question", state.question), state.question ? `Answer at the computer: ${state.question}` : "");
  const problem = shown("problem", state.problem);
  setText(problem.querySelector("b"), state.problem?.cause ?? "");
  setText(problem.querySelector("p"), state.problem?.remedy ?? "");
  setText(shown("verdict", state.verdict), state.verdict);
  $("verdict").toggleAttribute("data-later", state.steps.some((step) => step.state === "postponed"));
  $("steps").replaceChildren(...(state.before.length ? [h("li", { "data-state": "done" }, h("p", {}, state.before.at(-1)))] : []),
    ...state.steps.map((step) => h("li", { "data-step": step.name, "data-state": step.state },
      h("b", {}, h("span", {}, step.name), h("span", { "aria-label": step.state }, SIGNS[step.state])),
      ...step.notes.slice(step.state === "running" || step.state === "failed" ? -3 : -1).map((note) => h("p", {}, note)))));
  ended = Boolean(state.verdict || state.problem);
}

const source = new EventSource("events");
source.addEventListener("steps", (event) => draw(JSON.parse(event.data)));
source.onopen = () => ($("away").hidden = true);
source.onerror = () => {
  if (ended) source.close(); // the command has ended, and its page with it
  else $("away").hidden = false;
};
