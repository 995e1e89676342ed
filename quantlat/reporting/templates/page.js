"use strict";
const page = JSON.parse(document.getElementById("page-data").textContent);

// ---- theme -------------------------------------------------------------------------------------------------------
const toggle = document.getElementById("theme");
const preferred = window.matchMedia("(prefers-color-scheme: dark)");

function dark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : preferred.matches;
}

function labelToggle() {
  toggle.textContent = dark() ? "Light theme" : "Dark theme";
}

toggle.addEventListener("click", () => {
  const theme = dark() ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem("quantlat-theme", theme);
  } catch (error) {
    // The choice then lasts as long as the page.
  }
  labelToggle();
});
preferred.addEventListener("change", labelToggle);
labelToggle();

// ---- tooltips ----------------------------------------------------------------------------------------------------
const tip = document.getElementById("tip");

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function strip(ratios) {
  const cells = element("div", "tip-strip");
  for (const ratio of ratios) {
    const cell = element("span", ratio > 0.6 ? "dark" : "", String(Math.round(100 * ratio)));
    cell.style.setProperty("--share", `${Math.round(100 * ratio)}%`);
    cells.append(cell);
  }
  return cells;
}

function show(mark) {
  const content = page.tips[mark.dataset.tip];
  if (!content) return;
  const list = element("dl");
  for (const [label, value] of content.lines) list.append(element("dt", "", label), element("dd", "", value));
  tip.replaceChildren(element("strong", "", content.title), list);
  if (content.ratios) tip.append(element("div", "tip-label", "% of the tokens kept, by layer"), strip(content.ratios));
  tip.hidden = false;
  document.querySelectorAll(".pointed").forEach((other) => other.classList.remove("pointed"));
  mark.classList.add("pointed");
  const anchor = (mark.querySelector(".anchor") || mark).getBoundingClientRect();
  const box = tip.getBoundingClientRect();
  const room = document.documentElement.clientWidth;
  let left = anchor.right + 12;
  if (left + box.width > room - 8) left = anchor.left - box.width - 12;
  left = Math.max(8, Math.min(left, room - box.width - 8));
  const top = Math.max(8, Math.min(anchor.top + anchor.height / 2 - box.height / 2, window.innerHeight - box.height - 8));
  tip.style.left = `${left}px`;
  tip.style.top = `${top}px`;
}

function hide() {
  tip.hidden = true;
  document.querySelectorAll(".pointed").forEach((mark) => mark.classList.remove("pointed"));
}

function nearest(svg, event) {
  let found = null;
  let least = 30;
  for (const mark of svg.querySelectorAll("[data-tip]")) {
    const box = (mark.querySelector(".anchor") || mark).getBoundingClientRect();
    const dx = Math.max(box.left - event.clientX, 0, event.clientX - box.right);
    const dy = Math.max(box.top - event.clientY, 0, event.clientY - box.bottom);
    // Among marks that lie on top of each other the one drawn last, which is the more important, wins.
    const distance = Math.hypot(dx, dy);
    if (distance <= least) [found, least] = [mark, distance];
  }
  return found;
}

for (const svg of document.querySelectorAll("svg.chart")) {
  const marks = [...svg.querySelectorAll("[data-tip]")];
  if (!marks.length) continue;
  // One tab stop per chart; the arrow keys go from mark to mark, from left to right.
  const ordered = marks
    .map((mark, index) => ({ mark, index, x: Number(mark.dataset.x || 0) }))
    .sort((a, b) => a.x - b.x || a.index - b.index)
    .map((entry) => entry.mark);
  const first = svg.querySelector(".recommended[data-tip]") || ordered[0];
  marks.forEach((mark) => mark.setAttribute("tabindex", mark === first ? "0" : "-1"));
  svg.addEventListener("pointermove", (event) => {
    const mark = nearest(svg, event);
    if (mark) show(mark);
    else hide();
  });
  svg.addEventListener("pointerleave", hide);
  svg.addEventListener("focusin", (event) => {
    const mark = event.target.closest("[data-tip]");
    if (mark) show(mark);
  });
  svg.addEventListener("focusout", hide);
  svg.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const at = ordered.indexOf(event.target.closest("[data-tip]"));
    if (event.key === "Escape") hide();
    if (at < 0 || !(step || event.key === "Home" || event.key === "End")) return;
    event.preventDefault();
    const to = event.key === "Home" ? 0 : event.key === "End" ? ordered.length - 1 : at + step;
    const next = ordered[Math.max(0, Math.min(to, ordered.length - 1))];
    marks.forEach((mark) => mark.setAttribute("tabindex", mark === next ? "0" : "-1"));
    next.focus();
  });
}

// Moving the focus may scroll the page: what the focused mark says goes along, unless it has left the window.
function follow() {
  const mark = document.activeElement?.closest("[data-tip]");
  const box = mark?.getBoundingClientRect();
  if (mark && !tip.hidden && box.bottom > 0 && box.top < window.innerHeight) show(mark);
  else hide();
}
window.addEventListener("scroll", follow, { passive: true });

// ---- views of the picture ----------------------------------------------------------------------------------------
for (const choice of document.querySelectorAll("input[name=view]")) {
  choice.addEventListener("change", () => {
    hide();
    for (const view of document.querySelectorAll("[data-view]")) view.hidden = view.dataset.view !== choice.value;
  });
}

// ---- the example whose words fade --------------------------------------------------------------------------------
const slider = document.getElementById("layer");
if (slider && page.example) {
  const said = document.getElementById("layer-said");
  const answer = document.getElementById("example-answer");
  const words = document.querySelectorAll("[data-token]");
  const draw = () => {
    const name = document.querySelector("input[name=profile]:checked").value;
    const profile = page.example.profiles[name];
    const layer = Number(slider.value);
    const alive = profile.survives.filter((layers) => layers >= layer).length;
    const share = Math.round((100 * alive) / page.example.tokens);
    const where = layer === 0 ? "Before layer 1" : `After layer ${layer}`;
    said.textContent = `${where}: ${alive} of ${page.example.tokens} tokens alive (${share} %)`;
    slider.setAttribute("aria-valuetext", said.textContent);
    answer.textContent = profile.answer || "(no answer)";
    for (const word of words) {
      const layers = profile.survives[Number(word.dataset.token)];
      word.classList.toggle("gone", layers < layer);
      word.classList.toggle("going", layer > 0 && layers === layer - 1);
    }
  };
  slider.addEventListener("input", draw);
  document.querySelectorAll("input[name=profile]").forEach((choice) => choice.addEventListener("change", draw));
  draw();
}

// ---- copying and printing ----------------------------------------------------------------------------------------
for (const button of document.querySelectorAll("button[data-copy]")) {
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.textContent);
      button.textContent = "Copied";
    } catch (error) {
      window.getSelection().selectAllChildren(source);
      button.textContent = "Selected";
    }
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
}
let closed = [];
window.addEventListener("beforeprint", () => {
  closed = [...document.querySelectorAll("details:not([open])")];
  closed.forEach((details) => (details.open = true));
});
window.addEventListener("afterprint", () => closed.forEach((details) => (details.open = false)));
