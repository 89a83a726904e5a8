"use strict";
const D = JSON.parse(document.getElementById("data").textContent);
const SIGNS = { holds: "✓", violated: "✗", unknown: "?", vacuous: "∅" };
const byName = (list) => Object.fromEntries(list.map((each) => [each.name, each]));
const GUARANTEES = byName(D.guarantees);
const FAULTS = byName(D.faults);
const nameOf = (cell) =>
  `${cell.write}/${cell.read}/${cell.guarantee}` +
  (cell.fault === "none" ? "" : `@${cell.fault}`) + (D.replicas === 3 ? "" : `,n=${D.replicas}`);
const CELLS = Object.fromEntries(D.cells.map((cell) => [nameOf(cell), cell]));

/* The model: a state is a list of the places of its values in their fields' domains. */

function loaded(cell) {
  const model = D.models[cell.model];
  return { ...model, place: new Map(model.fields.map((field, at) => [field, at])) };
}
function rowOf(model, part, state) {
  const [table, fields] = D.parts[part];
  return D.tables[table][fields.map((field) => state[model.place.get(field)]).join(",")];
}
function after(model, step, state) {
  const next = [...state];
  for (const part of D.steps[step][2]) {
    const row = rowOf(model, part, state);
    if (row === undefined) return null;
    for (const [role, value] of row) next[model.place.get(D.parts[part][1][role])] = value;
  }
  return next;
}
function told(model, tree, state) {
  let node = D.trees[tree];
  while (Array.isArray(node)) node = D.trees[node[1][state[model.place.get(node[0])]]];
  return node;
}
const possible = (model, state) =>
  model.steps.map((step, at) => [at, after(model, step, state)]).filter(([, next]) => next);
const isOver = (model, state) => model.steps.every((step) => !D.steps[step][1] || !after(model, step, state));
function keeps(model, property, state) {
  if (property.when === "in the end" && !isOver(model, state)) return null;
  return !property.broken.some((parts) => parts.every((part) => rowOf(model, part, state) !== undefined));
}
const held = (model, state) =>
  Object.fromEntries(Object.entries(model.holds).map(([name, tree]) => [name, told(model, tree, state)]));

/* The page. */

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}
const find = (id) => document.getElementById(id);
const asked = () => new URLSearchParams(location.hash.slice(1));
function go(wanted) {
  const kept = asked().has("delays") ? { delays: asked().get("delays"), ...wanted } : wanted;
  const text = Object.entries(kept).map(([name, value]) => `${name}=${value}`).join("&");
  history.pushState(null, "", `#${text}`);
  show();
}
const faultNow = () => {
  const named = CELLS[asked().get("run") || asked().get("explore")];
  const fault = named ? named.fault : asked().get("fault");
  return FAULTS[fault] ? fault : D.faults[0].name;
};

function showFaults() {
  const chosen = faultNow();
  find("faults").replaceChildren(find("faults").querySelector("legend"), ...D.faults.map((fault) =>
    make("label", {}, make("input", {
      type: "radio", name: "fault", value: fault.name, checked: fault.name === chosen,
      onchange: () => go({ fault: fault.name }),
    }), fault.name === "none" ? "nothing" : fault.name)));
  find("fault-sentence").textContent = `${chosen}: ${FAULTS[chosen].sentence}.`;
}

function showTable() {
  const fault = faultNow();
  const current = asked().get("run") || asked().get("explore");
  const head = make("tr", {}, make("th", { scope: "col" }, "write"), make("th", { scope: "col" }, "read"),
    ...D.guarantees.map((each) => make("th", { scope: "col", title: each.sentence }, each.name)));
  const rows = D.writes.flatMap((write) => D.reads.map((read, at) => make("tr", {},
    at ? null : make("th", { scope: "rowgroup", rowspan: D.reads.length, title: write.words }, write.name),
    make("th", { scope: "row", title: read.words }, read.name),
    ...D.guarantees.map((guarantee) => cellShown(
      { write: write.name, read: read.name, fault, guarantee: guarantee.name }, current)))));
  find("table").replaceChildren(make("thead", {}, head), make("tbody", {}, ...rows));
}
function cellShown(wanted, current) {
  const name = nameOf(wanted);
  const cell = CELLS[name];
  if (!cell) return make("td");
  const text = SIGNS[cell.verdict] + (cell.length === null ? "" : ` ${cell.length}`);
  const says = `${wanted.write} by ${wanted.read}: ${wanted.guarantee} ${cell.verdict}`;
  const length = cell.length === null ? "" : `, a run of ${cell.length} steps`;
  return make("td", {}, make("button", {
    type: "button", class: cell.verdict, "aria-label": says + length, "data-name": name,
    "aria-current": String(name === current), onclick: () => { go({ run: name }); find("run-heading").focus(); },
  }, text));
}
function moveInTable(event) {
  const by = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
  const row = event.target.closest("tr");
  if (!by || !row) return;
  const rows = [...find("table").tBodies[0].rows];
  const buttons = (of) => [...of.querySelectorAll("button")];
  const to = rows[rows.indexOf(row) + by[0]];
  const target = to && buttons(to)[buttons(row).indexOf(event.target) + by[1]];
  if (target) { target.focus(); event.preventDefault(); }
}

const replicas = (now, before) => make("ul", { class: "replicas", "aria-label": "what each replica holds" },
  ...Object.entries(now).map(([name, holds]) =>
    make("li", { class: before && before[name] !== holds ? "changed" : "" }, name, make("b", {}, holds))));
const truths = (all) => make("ul", { class: "truths", "aria-label": "which guarantees are true so far" },
  ...Object.entries(all).map(([name, kept]) => make("li", {
    class: kept === null ? "" : kept ? "holds" : "violated",
    title: kept === null ? "it speaks of how runs end, and this one goes on" : GUARANTEES[name]?.sentence ?? "",
  }, `${kept === null ? "…" : kept ? "✓" : "✗"} ${name}`)));
const listed = (names) => names.length ? names.join(", ") : "none of these";

function showRun() {
  const name = asked().get("run");
  const cell = CELLS[name];
  find("run").hidden = !cell;
  if (!cell) return;
  const guarantee = GUARANTEES[cell.guarantee];
  const trace = cell.trace === null ? null : D.traces[cell.trace];
  find("run-heading").textContent =
    `${cell.write} by ${cell.read}: ${guarantee.name} ${trace ? "is broken" : cell.verdict}`;
  const setting = D.settings.find((each) =>
    each.write === cell.write && each.read === cell.read && each.fault === cell.fault);
  const body = [
    make("p", {}, make("em", {}, guarantee.question), ` ${guarantee.name}: ${guarantee.sentence}. ${guarantee.users}.`),
  ];
  if (trace) body.push(make("p", { class: "why" }, trace.why), make("p", { class: "right" }, `Right would be: ${trace.right}`));
  else body.push(make("p", {}, `None of ${cell.states.toLocaleString("en")} states breaks it.`));
  if (trace) body.push(...stepped(cell, trace));
  body.push(make("p", { class: "faint" },
    `The strongest guarantees that this setting gives: ${listed(setting.gives)}. The weakest that it breaks: ` +
    `${listed(setting.breaks)}.`));
  body.push(make("p", {}, make("a", { href: `#explore=${name}` }, "Explore from the beginning"), " · ",
    make("code", {}, `overbooked trace ${name}`), cell.page ? ` · spec/traces/${cell.page}.md` : ""));
  find("run-body").replaceChildren(...body);
}
function stepped(cell, trace) {
  const last = trace.steps.length;
  const wanted = Number(asked().get("step") ?? last);
  const diagram = make("div", { class: "scroll panel" });
  diagram.innerHTML = trace.svg;
  const now = make("div", { "aria-live": "polite" });
  const slider = make("input", { type: "range", min: 0, max: last, "aria-label": "step", id: "slider" });
  const back = make("button", { type: "button", id: "back", onclick: () => to(Number(slider.value) - 1) }, "◀ back");
  const forth = make("button", { type: "button", id: "forth", onclick: () => to(Number(slider.value) + 1) }, "next ▶");
  const place = make("output", { for: "slider" });
  const to = (at, keep = true) => {
    const step = Math.max(0, Math.min(last, at));
    slider.value = step;
    place.textContent = `step ${step} of ${last}`;
    back.disabled = step === 0;
    forth.disabled = step === last;
    const before = step > 1 ? trace.steps[step - 2].holds : trace.first;
    const here = step ? trace.steps[step - 1] : null;
    now.replaceChildren(
      make("p", {}, make("b", {}, here ? `${here.who} ` : ""), here ? here.what : "In the beginning nobody has called."),
      replicas(here ? here.holds : trace.first, step ? before : null), here ? truths(here.keeps) : "");
    for (const group of diagram.querySelectorAll("[data-step]")) {
      group.classList.toggle("later", Number(group.dataset.step) > step);
      group.classList.toggle("now", Number(group.dataset.step) === step);
    }
    if (keep) history.replaceState(null, "", `#run=${nameOf(cell)}&step=${step}`);
  };
  slider.addEventListener("input", () => to(Number(slider.value)));
  to(Number.isInteger(wanted) ? wanted : last, false);
  return [make("div", { class: "bar" }, back, slider, forth, place), now, diagram];
}

function showExplore() {
  const name = asked().get("explore");
  const cell = CELLS[name];
  find("explore").hidden = !cell;
  if (!cell) return;
  const model = loaded(cell);
  const states = [model.initial];
  const taken = [];
  let refused = null;
  for (const text of (asked().get("steps") ?? "").split(".").filter(Boolean)) {
    const step = model.steps[Number(text)];
    const next = step === undefined ? null : after(model, step, states.at(-1));
    if (!next) { refused = text; break; }
    taken.push(Number(text));
    states.push(next);
  }
  const state = states.at(-1);
  const until = (count) => go({ explore: name, steps: taken.slice(0, count).join(".") });
  const follow = possible(model, state);
  const kept = Object.fromEntries(model.properties.map((each) => [each.name, keeps(model, each, state)]));
  const line = (at, from) => told(model, D.steps[model.steps[at]][3], from);
  find("explore-heading").textContent = `Explore ${cell.write} by ${cell.read}, ${cell.fault === "none" ? "no fault" : cell.fault}`;
  find("explore-body").replaceChildren(
    make("p", {}, `${model.users}. `, make("a", { href: `#run=${name}` }, "back to the verdict")),
    refused === null ? "" : make("p", { class: "why" }, `Step ${refused} of the address is not possible there, and left out with all after it.`),
    replicas(held(model, state), taken.length ? held(model, states.at(-2)) : null), truths(kept),
    make("div", { class: "columns" },
      make("div", {}, make("h3", {}, follow.length ? "What can happen next" : "Nothing more can happen"),
        make("ul", { id: "next" }, ...follow.map(([at], number) => make("li", {}, make("button", {
          type: "button", "data-step": D.steps[model.steps[at]][0], class: D.steps[model.steps[at]][1] ? "" : "fault",
          onclick: () => go({ explore: name, steps: [...taken, at].join(".") }),
        }, number < 9 ? make("kbd", {}, `${number + 1}`) : "", line(at, state)))))),
      make("div", {}, make("h3", {}, "What has happened"),
        make("p", {}, make("button", { type: "button", id: "undo", disabled: !taken.length, onclick: () => until(taken.length - 1) }, "◀ one step back"), " ",
          make("button", { type: "button", id: "restart", disabled: !taken.length, onclick: () => until(0) }, "from the beginning")),
        make("ol", { class: "steps" }, ...taken.map((at, number) => make("li", {}, make("button", {
          type: "button", title: "back to just after this step", onclick: () => until(number + 1) }, line(at, states[number]))))))),
    make("details", {}, make("summary", {}, "every field"), make("table", {}, ...model.fields.map((field, at) => {
      const [label, domain] = D.fields[field];
      return make("tr", {}, make("th", { scope: "row" }, label), make("td", {}, String(domain[state[at]] ?? "nothing")));
    }))));
}
/* Numbers: what was simulated, and what answers wait for. */

const COLOURS = ["#0969da", "#bc4c00", "#1a7f37", "#8250df", "#bf3989", "#9a6700", "#0e7490", "#57606a", "#cf222e"];
const short = (ms) => ms >= 100 ? Math.round(ms).toLocaleString("en") : ms === 0 ? "0" : ms.toPrecision(3);
const percent = (p) => `${(100 * p).toFixed(p > 0.999 || p < 0.01 ? 2 : 1)} %`;
const interval = ([low, high]) => `between ${short(low)} and ${high === null ? "?" : short(high)}, with a probability of 95 %`;
const pairName = (pair) => `${pair.write} by ${pair.read}`;
const delaysNow = () => D.numbers.delays.find((each) => each.name === asked().get("delays")) ?? D.numbers.delays[1];
function draw(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}
const WIDTH = 560, HEIGHT = 380, LEFT = 52, RIGHT = 16, TOP = 26, BOTTOM = 44;
function axes(title, across, up, xs, ys, toX, toY) {
  const line = (at, to, name) => draw("path", { class: name, d: `M${at}L${to}` });
  const label = (text, x, y, anchor) => draw("text", { x, y, "text-anchor": anchor }, text);
  const turned = draw("text", { transform: `translate(12 ${HEIGHT / 2}) rotate(-90)`, "text-anchor": "middle" }, up);
  return [
    label(title, WIDTH / 2, 14, "middle"), label(across, WIDTH / 2, HEIGHT - 8, "middle"), turned,
    ...ys.flatMap(([y, text]) => [line([LEFT, toY(y)], [WIDTH - RIGHT, toY(y)], "grid"), label(text, LEFT - 6, toY(y) + 4, "end")]),
    ...xs.map((x) => label(`${Number(x.toPrecision(6))}`, toX(x), HEIGHT - BOTTOM + 16, "middle")),
    line([LEFT, TOP], [LEFT, HEIGHT - BOTTOM], "axis"), line([LEFT, HEIGHT - BOTTOM], [WIDTH - RIGHT, HEIGHT - BOTTOM], "axis"),
  ];
}
function ticks(most) {
  const power = 10 ** Math.floor(Math.log10(most / 4));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => most / each <= 5);
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, at) => at * step);
}
const guaranteed = (pair) => pair.keeps.join(", ") || (pair.never_stale ? "never stale" : "may be stale");
const colourOf = (pair) => pair.keeps.includes("linearizability") ? "#1a7f37" : pair.never_stale ? "#0969da" : "#cf222e";
function tradeOff(pairs) {
  const longest = Math.max(0, ...pairs.map((pair) => pair.ms)) * 1.1 || 1;
  const toX = (ms) => LEFT + ms / longest * (WIDTH - LEFT - RIGHT);
  const toY = (stale) => HEIGHT - BOTTOM - 8 - stale * (HEIGHT - TOP - BOTTOM - 16);
  const front = pairs.filter((pair) => pair.on_front).sort((a, b) => a.ms - b.ms || b.stale - a.stale);
  const way = front.map((pair, at) => `${at ? `H${toX(pair.ms)}V${toY(pair.stale)}` : `M${toX(pair.ms)} ${toY(pair.stale)}`}`);
  const taken = [];
  const marks = [...pairs].sort((a, b) => b.stale - a.stale || a.ms - b.ms).map((pair) => {
    const [x, y] = [toX(pair.ms), toY(pair.stale)];
    const text = pairs.length <= 24 || pair.on_front ? `${pairName(pair)}: ${guaranteed(pair)}` : "";
    const side = x > 0.6 * WIDTH ? -1 : 1;
    const [from, to] = [x, x + side * (14 + 4.9 * text.length)].sort((one, other) => one - other);
    let at = y - 4;
    while (taken.some((its) => its.from < to && from < its.to && Math.abs(its.at - at) < 11)) at += y < HEIGHT / 2 ? 11 : -11;
    taken.push({ from, to, at });
    return draw("g", { "data-pair": pairName(pair) },
      draw("title", {}, `${pairName(pair)}: ${short(pair.ms)} ms, ${percent(pair.stale)} stale, ${guaranteed(pair)}`),
      draw("path", { class: "grid", d: `M${x} ${y}L${x + 9 * side} ${at}` }),
      draw("circle", { cx: x, cy: y, r: pair.on_front ? 5 : 3.5, fill: pair.on_front ? colourOf(pair) : "none", stroke: colourOf(pair), "stroke-width": 1.5 }),
      draw("text", { x: x + 10 * side, y: at + 4, "text-anchor": side > 0 ? "start" : "end", style: `fill:${colourOf(pair)};font-size:9.5px` }, text));
  });
  return draw("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "plot", role: "img", "aria-label": "latency against staleness" },
    ...axes("Latency against staleness; filled and joined: no other is better in both", "a booking, then a check, each at the median, ms",
      "stale right after the acknowledgement, %", ticks(longest), [0, .25, .5, .75, 1].map((y) => [y, `${100 * y}`]), toX, toY),
    draw("path", { class: "front", d: way.join("") }), ...marks);
}
function overTime(pairs, times) {
  const longest = times.at(-1) || 1;
  const least = 0.0005;
  const toX = (ms) => LEFT + ms / longest * (WIDTH - LEFT - RIGHT);
  const toY = (stale) => TOP + Math.log(Math.max(stale, least)) / Math.log(least) * (HEIGHT - TOP - BOTTOM);
  const points = (values) => values.map((value, at) => `${toX(times[at])} ${toY(value)}`);
  const stale = pairs.filter((pair) => pair.curve.length);
  const lines = stale.flatMap((pair, at) => {
    const colour = COLOURS[at % COLOURS.length];
    const [values, low, high] = pair.curve;
    return [
      draw("path", { d: `M${points(high).join("L")}L${points(low).reverse().join("L")}Z`, fill: colour, opacity: .18 }),
      draw("path", { class: "curve", stroke: colour, d: `M${points(values).join("L")}` }, draw("title", {}, pairName(pair))),
      at < 12 ? draw("text", { x: WIDTH - RIGHT - 8, y: TOP + 14 + 14 * at, "text-anchor": "end", style: `fill:${colour}` }, pairName(pair)) : "",
    ];
  });
  return draw("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "plot", role: "img", "aria-label": "staleness over time" },
    ...axes("Staleness over time", "made so long after the acknowledgement, ms", "checks that are stale, %", ticks(longest),
      [[1, "100"], [.1, "10"], [.01, "1"], [.001, "0.1"]], toX, toY), ...lines);
}
function showNumbers() {
  const chosen = delaysNow();
  find("delays").replaceChildren(find("delays").querySelector("legend"), ...D.numbers.delays.map((each) =>
    make("label", {}, make("input", { type: "radio", name: "delays", value: each.name, checked: each === chosen,
      onchange: () => go({ ...Object.fromEntries(asked()), delays: each.name }) }), each.name)));
  find("delays-legs").textContent = chosen.legs.map(([leg, spelled]) => `${leg}: ${spelled}`).join("; ");
  find("pictures").replaceChildren(tradeOff(chosen.pairs), overTime(chosen.pairs, chosen.times));
  const at = chosen.pairs[0].fresh.map((each) => each.t_ms);
  const heads = ["write", "read", "booking, median", "99.9 %", "checking, median", "99.9 %",
    ...at.map((t) => `fresh ${t} ms after`), "99.9 % fresh from", "keeps"];
  const timed = (values, intervals, name) => make("td", { title: interval(intervals[name]) }, `${short(values[name])} ms`);
  find("numbers-table").replaceChildren(
    make("thead", {}, make("tr", {}, ...heads.map((text) => make("th", { scope: "col" }, text)))),
    make("tbody", {}, ...chosen.pairs.map((pair) => make("tr", {},
      make("th", { scope: "row" }, pair.write), make("th", { scope: "row" }, pair.read),
      timed(pair.booking_ms, pair.booking_interval_ms, "p50"), timed(pair.booking_ms, pair.booking_interval_ms, "p99.9"),
      timed(pair.checking_ms, pair.checking_interval_ms, "p50"), timed(pair.checking_ms, pair.checking_interval_ms, "p99.9"),
      ...pair.fresh.map((each) => make("td", { title: pair.never_stale ? "proved" : `between ${percent(each.low)} and ${percent(each.high)}, with a probability of 95 %` },
        pair.never_stale ? "always" : percent(each.p))),
      pair.never_stale ? make("td", {}, "at once") : timed(pair.t_visibility_ms, pair.t_visibility_interval_ms, "99.9"),
      make("td", { class: "words" }, guaranteed(pair))))));
  find("numbers-legend").textContent = `${D.numbers.trials.toLocaleString("en")} trials with seed ${D.numbers.seed}. always: ` +
    "proved, for every delay. A figure's interval is shown where the pointer rests on it. With delays of your own: overbooked simulate.";
}
function showLatencies() {
  const heads = ["", "strategy", "the user is told after", "at 1 s each", "messages", "at once", "left"];
  const range = ([least, most]) => least === most ? `${most}` : `${least}-${most}`;
  find("latencies").replaceChildren(
    make("thead", {}, make("tr", {}, ...heads.map((text) => make("th", { scope: "col" }, text)))),
    make("tbody", {}, ...D.numbers.latencies.map((row) => make("tr", {},
      make("td", { class: "words" }, row.kind), make("th", { scope: "row" }, row.strategy),
      make("td", { class: "words" }, row.waits_for), make("td", {}, row.seconds === null ? "append" : `${row.seconds} s`),
      ...(row.left ? [row.messages, row.at_once, range(row.left)] : []).map((each) => make("td", {}, `${each}`))))));
}

function keyInExplore(event) {
  if (find("explore").hidden || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("input, select, textarea")) return;
  if (/^[1-9]$/.test(event.key)) find("next").querySelectorAll("button")[Number(event.key) - 1]?.click();
  else if (event.key === "Backspace") find("undo").click();
  else return;
  event.preventDefault();
}

function show() {
  showFaults();
  showTable();
  showNumbers();
  showRun();
  showExplore();
}
find("covers").textContent =
  `${D.writes.length} ways to write by ${D.reads.length} ways to read over ${D.replicas} replicas: every interleaving of ` +
  "their messages, explored.";
find("table").addEventListener("keydown", moveInTable);
document.addEventListener("keydown", keyInExplore);
addEventListener("hashchange", show);
addEventListener("popstate", show);
showLatencies();
show();
