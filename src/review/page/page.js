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

// What a stage says of a reason may be a passage of the text, a word on a list for one.
function passage(one) {
  const said = (one.detail ?? "").toLowerCase();
  return said.length > 2 && one.text.toLowerCase().includes(said) ? said : "";
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
  details.addEventListener("toggle", () => { if (details.open && !details.querySelector(".text")) details.append(marked(one.text, sought || passage(one))); });
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

// What is chosen stands in the address, so that a view can be kept and handed on: #side=dropped&reason=too_few_words
function remember() {
  const chosen = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value) chosen.set(name, value);
  history.replaceState(null, "", "#" + chosen);
}

function recall() {
  const chosen = new URLSearchParams(location.hash.slice(1));
  for (const field of form.elements) if (field.name) field.value = chosen.get(field.name) ?? "";
  // A value that the page does not have is none.
  for (const field of form.querySelectorAll("select")) if (field.selectedIndex < 0) field.value = "";
  filter();
  if ([...form.elements].some(field => field.name && field.value)) form.scrollIntoView();
}

form.addEventListener("input", () => { filter(); remember(); });
form.addEventListener("submit", event => event.preventDefault());
more.addEventListener("click", show);
addEventListener("hashchange", recall);
recall();
