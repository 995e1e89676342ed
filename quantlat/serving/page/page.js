"use strict";
// The page at "/": asks the server it came from, marks the answer, fades the tokens that each layer drops.

const $ = (id) => document.getElementById(id);
const NO_LIMIT = 100;
const STEP_MS = 650;
const state = { model: null, samples: [], last: null, asked: 0, timer: 0, playing: 0 };

// The page is for passages. Bundles of other tasks have their profiles shown, and where texts are to be sent.
const asks = () => !state.model || state.model.task === "question-answering";

function ms(value) {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}

// Expected time of a profile for a number of tokens: a straight line between the lengths the server told.
function expected(profile, tokens) {
  const points = Object.entries(profile.expected_ms).map(([n, t]) => [Number(n), t]).sort((a, b) => a[0] - b[0]);
  let i = points.findIndex(([n]) => n >= tokens);
  if (i < 0) return points[points.length - 1][1] * tokens / points[points.length - 1][0];
  if (i === 0) return points[0][1];
  const [[n0, t0], [n1, t1]] = [points[i - 1], points[i]];
  return t0 + (t1 - t0) * (tokens - n0) / (n1 - n0);
}

// Tokens of the text as it stands: known after an answer, before that about one per four characters.
function tokens() {
  const same = state.last && state.last.context === $("context").value;
  return same ? state.last.result.tokens : 12 + $("context").value.length / 4;
}

// The slider is logarithmic, from half the fastest expected time to twice the slowest; its end is no limit.
function budget() {
  const place = Number($("budget").value);
  if (place >= NO_LIMIT || !state.model) return null;
  const times = state.model.profiles.map((p) => expected(p, tokens()));
  const low = Math.min(...times) / 2, high = Math.max(...times) * 2;
  return Number((low * (high / low) ** (place / NO_LIMIT)).toPrecision(3));
}

function showBudget() {
  const limit = budget();
  const text = limit === null ? "no limit" : ms(limit);
  $("budget-said").textContent = text;
  $("budget").setAttribute("aria-valuetext", text);
  const list = $("profiles");
  list.replaceChildren();
  for (const profile of state.model ? state.model.profiles : []) {
    const time = expected(profile, tokens());
    const item = document.createElement("li");
    item.textContent = `${profile.name} ≈ ${ms(time)}`;
    const told = { beyond: limit !== null && time > limit, used: Boolean(state.last) && state.last.result.profile === profile.name };
    const words = { beyond: "longer than the budget", used: "used for the answer" }; // what colour and line tell the eye
    for (const name of Object.keys(told).filter((name) => told[name])) {
      item.classList.add(name);
      const unseen = document.createElement("span");
      unseen.className = "unseen";
      unseen.textContent = `, ${words[name]}`;
      item.append(unseen);
    }
    list.append(item);
  }
}

function headers() {
  const key = $("key").value.trim();
  return key ? { Authorization: `Bearer ${key}` } : {};
}

async function call(path, body) {
  const options = { headers: headers() };
  if (body) {
    options.method = "POST";
    options.body = JSON.stringify(body);
    options.headers["Content-Type"] = "application/json";
  }
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Error("The server does not answer. Is it still running?");
  }
  const parsed = await response.json().catch(() => ({}));
  if (response.status === 401) {
    $("key-field").hidden = false;
    if (!$("key").value) throw new Error("This server asks for an API key: enter it and ask again.");
  }
  if (!response.ok) {
    const wait = response.headers.get("Retry-After");
    const error = parsed.error || { message: `the server answered ${response.status}` };
    throw new Error([error.message, error.hint, wait && `Try again in ${wait} s.`].filter(Boolean).join(" "));
  }
  return parsed;
}

function complain(text) {
  $("alert").textContent = text;
  $("alert").hidden = !text;
}

async function ask() {
  stop();
  const number = ++state.asked;
  const context = $("context").value, question = $("question").value;
  if (!context || !question) return;
  const body = { context, question, trace: true };
  const limit = budget();
  if (limit !== null) body.budget_ms = limit;
  $("ask").disabled = true;
  $("result").setAttribute("aria-busy", "true");
  try {
    if (!state.model) await loadModel();
    const result = await call("v1/answer", body);
    if (number !== state.asked) return;
    complain("");
    state.last = { context, result };
    show(context, result);
  } catch (error) {
    if (number === state.asked) complain(error.message);
  } finally {
    if (number === state.asked) {
      $("ask").disabled = !asks();
      $("result").removeAttribute("aria-busy");
    }
  }
}

function show(context, result) {
  $("answer").textContent = result.text || "No answer found in the passage.";
  const parts = [
    ["", ms(result.latency_ms), result.queue_ms >= 1 ? ` (${ms(result.queue_ms)} of it waiting)` : ""],
    ["profile ", result.profile, ""],
    ["", String(result.tokens), " tokens"],
  ];
  $("facts").replaceChildren();
  parts.forEach(([before, bold, after], i) => {
    const b = document.createElement("b");
    b.textContent = bold;
    $("facts").append(i ? " · " : "", before, b, after);
  });
  const notices = [];
  if (result.degraded) notices.push("A faster profile than asked for was used: the server is busy, or time was spent waiting.");
  if (result.budget_met === false) notices.push("The budget was missed.");
  $("notice").textContent = notices.join(" ");
  $("notice").hidden = !notices.length;
  $("score").value = result.score;
  $("score-said").textContent = `${Math.round(result.score * 100)} %`;
  $("confidence").hidden = false;
  showTrace(context, result);
  showBudget();
}

// Positions are code points; JavaScript counts UTF-16 units, so the passage is cut into code points first.
function showTrace(context, result) {
  const letters = Array.from(context);
  const passage = $("passage");
  passage.replaceChildren();
  let mark = null, at = 0;
  const put = (start, end, last) => {
    for (const [low, high] of cut(start, end, result.start, result.end)) {
      const inside = low >= result.start && high <= result.end && result.end > result.start;
      const span = document.createElement("span");
      span.textContent = letters.slice(low, high).join("");
      if (last !== null) span.dataset.last = last;
      if (inside && !mark) passage.append(mark = document.createElement("mark"));
      (inside ? mark : passage).append(span);
    }
  };
  for (const token of result.trace || []) {
    if (token.start < at) continue;
    if (token.start > at) put(at, token.start, null);
    put(token.start, token.end, token.last_layer);
    at = token.end;
  }
  if (at < letters.length) put(at, letters.length, null);
  $("trace").hidden = false;
  $("layer").max = result.layers;
  $("layer").value = 0;
  showCounts(result);
  showLayer();
}

// A piece of text, divided where the answer begins or ends.
function cut(start, end, ...places) {
  const edges = [start, ...places.filter((p) => p > start && p < end).sort((a, b) => a - b), end];
  return edges.slice(1).map((high, i) => [edges[i], high]).filter(([low, high]) => high > low);
}

function alive(result, layer) {
  return (result.trace || []).filter((token) => token.last_layer >= layer).length;
}

function showCounts(result) {
  const most = Math.max(1, alive(result, 0));
  $("counts").replaceChildren();
  for (let layer = 0; layer <= result.layers; layer++) {
    const bar = document.createElement("span");
    bar.style.height = `${100 * alive(result, layer) / most}%`;
    $("counts").append(bar);
  }
}

function showLayer() {
  const layer = Number($("layer").value), result = state.last.result;
  const all = alive(result, 0), left = alive(result, layer);
  const name = layer === 0 ? "Before the first layer" : `Layer ${layer} of ${result.layers}`;
  const text = `${name}: ${left} of ${all} passage tokens computed (${Math.round(100 * left / Math.max(all, 1))} %)`;
  $("layer-said").textContent = text;
  $("layer").setAttribute("aria-valuetext", text);
  for (const span of $("passage").querySelectorAll("[data-last]")) {
    span.classList.toggle("gone", Number(span.dataset.last) < layer);
  }
  [...$("counts").children].forEach((bar, i) => bar.classList.toggle("now", i === layer));
}

function stop() {
  clearInterval(state.playing);
  state.playing = 0;
  $("play").textContent = "Play the layers";
  $("layer-said").setAttribute("aria-live", "polite");
}

function play() {
  if (state.playing) return stop();
  $("layer-said").setAttribute("aria-live", "off"); // a screen reader would have to read six numbers at once
  $("layer").value = 0;
  showLayer();
  $("play").textContent = "Stop";
  state.playing = setInterval(() => {
    $("layer").value = Number($("layer").value) + 1;
    if ($("layer").value === $("layer").max) stop();
    showLayer();
  }, STEP_MS);
}

function choose() {
  const sample = state.samples[Number($("sample").value)];
  if (!sample) return;
  $("context").value = sample.context;
  $("question").value = sample.questions[0];
  $("questions").replaceChildren(...sample.questions.map((q) => new Option(q, q)));
  showBudget();
}

async function loadModel() {
  state.model = await call("v1/model");
  $("model").textContent = `${state.model.name} · ${state.model.layers} layers · ${state.model.runtime}`;
  $("context").maxLength = state.model.max_text_chars;
  $("question").maxLength = state.model.max_question_chars;
  $("endpoint").textContent = `POST ${state.model.endpoint}`;
  $("ask").disabled = !asks();
  showBudget();
  if (!asks()) {
    throw new Error(`This page asks passages, but this server's bundle is made for ${state.model.task}. `
      + `Send its texts to POST ${state.model.endpoint}, which openapi.json describes.`);
  }
}

async function begin() {
  state.samples = await call("samples.json");
  $("sample").append(...state.samples.map((s, i) => new Option(s.title, String(i))), new Option("your own text", "own"));
  choose();
  await loadModel();
}

$("form").addEventListener("submit", (event) => { event.preventDefault(); ask(); });
$("sample").addEventListener("change", () => { choose(); if ($("sample").value === "own") { $("context").value = ""; $("question").value = ""; $("context").focus(); } });
$("context").addEventListener("input", () => { $("sample").value = "own"; showBudget(); });
$("budget").addEventListener("input", () => {
  showBudget();
  clearTimeout(state.timer);
  if (state.last) state.timer = setTimeout(ask, 200);
});
$("layer").addEventListener("input", () => { stop(); if (state.last) showLayer(); });
$("play").addEventListener("click", play);
begin().catch((error) => complain(error.message));
