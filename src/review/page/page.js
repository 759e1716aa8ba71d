"use strict";
// Texts of the web are only ever put in as text, never as markup.
const parsed = id => JSON.parse(document.getElementById(id).textContent);
const all = parsed("data"), t = parsed("words");
const form = document.getElementById("filters"), list = document.getElementById("documents");
const found = document.getElementById("found"), more = document.getElementById("more");
const STEP = 40;
let matching = [], shown = 0;

function element(name, text, of) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (of) made.className = of;
  return made;
}

for (const name of ["side", "stage", "reason", "lang"]) {
  const values = [...new Set(all.map(one => one[name]).filter(value => value))].sort();
  const select = form.elements[name];
  select.append(new Option(t.all, ""));
  for (const value of values) select.append(new Option(name === "side" ? (value === "kept" ? t.kept : t.dropped) : value, value));
}

function marked(text, sought) {
  const block = element("div", undefined, "text");
  block.dir = "auto";
  if (!sought) { block.textContent = text; return block; }
  const low = text.toLowerCase();
  let at = 0;
  // Lower case may be longer than the text it was made from; then nothing is marked.
  for (let hit = low.indexOf(sought); hit >= 0 && low.length === text.length; hit = low.indexOf(sought, at)) {
    block.append(text.slice(at, hit), element("mark", text.slice(hit, hit + sought.length)));
    at = hit + sought.length;
  }
  block.append(text.slice(at));
  return block;
}

function row(one, sought) {
  const details = element("details"), summary = element("summary");
  const first = element("bdi", one.text.trim().slice(0, 120) || "–");
  summary.append(first);
  if (one.reason) summary.append(element("span", `${one.stage}: ${one.reason}`, "drop"));
  details.append(summary);
  const place = [one.id, one.url, one.lang].filter(value => value).join(" · ");
  details.append(element("p", place, "place"));
  if (one.value !== null || one.detail) {
    const measured = one.value === null ? "" : `${one.value}` + (one.threshold === null ? "" : ` (${t.against} ${one.threshold})`);
    details.append(element("p", [measured, one.detail].filter(value => value).join(" · "), "place"));
  }
  // Long pages stay quick where texts are laid out only once they are opened.
  details.addEventListener("toggle", () => { if (details.open && !details.querySelector(".text")) details.append(marked(one.text, sought)); });
  return details;
}

function show() {
  const sought = form.elements.text.value.trim().toLowerCase();
  for (const one of matching.slice(shown, shown + STEP)) list.append(row(one, sought));
  shown = Math.min(shown + STEP, matching.length);
  more.hidden = shown >= matching.length;
  found.textContent = matching.length ? `${shown} ${t.shown} ${matching.length}` : t.none;
}

function filter() {
  const sought = form.elements.text.value.trim().toLowerCase();
  const fits = name => { const value = form.elements[name].value; return one => !value || one[name] === value; };
  const tests = ["side", "stage", "reason", "lang"].map(fits);
  matching = all.filter(one => tests.every(test => test(one)) && (!sought || one.text.toLowerCase().includes(sought)));
  list.replaceChildren();
  shown = 0;
  show();
}

form.addEventListener("input", filter);
form.addEventListener("submit", event => event.preventDefault());
more.addEventListener("click", show);
filter();
