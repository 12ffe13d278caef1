// What happens when: choosing, asking, cancelling. The drawing is in view.js, the asking in client.js.

import { post, Refusal } from "./client.js";
import { smaller } from "./resize.js";
import { card, facts, fault, preview, Words } from "./view.js";

const settings = JSON.parse(document.getElementById("settings").textContent);
const words = new Words(settings);
const at = (id) => document.getElementById(id);

let pictures = []; // {file, name, url}
let running = null; // AbortController while the server is asked

function add(files) {
  const told = [];
  for (const file of files) {
    if (!file.type.startsWith("image/")) told.push(words.say("refused", { name: file.name }));
    else if (pictures.length >= settings.images) told.push(words.say("too_many", { limit: settings.images, name: file.name }));
    else pictures.push({ file, name: file.name, url: URL.createObjectURL(file) });
  }
  at("status").textContent = [...told, words.say("added", { count: pictures.length })].join(" ");
  drawPreviews();
}

function remove(picture) {
  pictures = pictures.filter((other) => other !== picture);
  drawPreviews();
  (at("previews").querySelector("button") ?? at("files")).focus();
}

function drawPreviews() {
  at("previews").replaceChildren(...pictures.map((picture) => preview(picture, words, () => remove(picture))));
  at("ask").disabled = !pictures.length;
  at("clear").hidden = !pictures.length;
}

function clear() {
  for (const picture of pictures) URL.revokeObjectURL(picture.url);
  pictures = [];
  at("form").reset();
  at("status").textContent = "";
  at("faults").replaceChildren();
  at("answer").hidden = true;
  drawPreviews();
  at("files").focus();
}

function busy(controller) {
  running = controller;
  const on = controller !== null;
  at("form").setAttribute("aria-busy", on);
  at("ask").disabled = on || !pictures.length;
  at("cancel").hidden = at("progress").hidden = !on;
}

function prepared(picture) {
  return at("smaller").checked ? smaller(picture.file, settings.side) : picture.file;
}

async function ask() {
  if (running || !pictures.length) return;
  const asked = [...pictures];
  busy(new AbortController());
  at("faults").replaceChildren();
  at("status").textContent = words.say("busy");
  try {
    const sent = await Promise.all(asked.map(async (picture) => ({ blob: await prepared(picture), name: picture.name })));
    const answer = await post(settings.predict, "images", sent, settings, running.signal);
    draw(asked, answer);
  } catch (error) {
    show(error, asked, ask);
  } finally {
    busy(null);
  }
}

function draw(asked, answer) {
  const find = settings.search ? findSimilar : null;
  at("results").replaceChildren(...answer.results.map((result, index) => card(asked[index], result, words, find)));
  const before = asked.reduce((sum, picture) => sum + picture.file.size, 0);
  at("facts").textContent = facts(answer, before, words);
  at("answer").hidden = false;
  at("status").textContent = words.say("done", { count: asked.length });
  at("answer").focus();
}

async function findSimilar(picture) {
  try {
    const sent = [{ blob: await prepared(picture), name: picture.name }];
    return await post(settings.search, "image", sent, settings);
  } catch (error) {
    show(error, [picture], () => {});
    return null;
  }
}

function show(error, asked, again) {
  if (error.name === "AbortError") {
    at("status").textContent = words.say("cancelled");
    return;
  }
  if (!(error instanceof Refusal)) throw error;
  at("status").textContent = "";
  const bad = new Set(error.images.map((image) => asked[image.index]));
  const actions = [];
  if (bad.size && bad.size < pictures.length) actions.push(["without", () => askWithout(bad)]);
  if (error.status === 0 || error.status === 503) actions.push(["again", again]);
  at("faults").replaceChildren(...fault(error, words, actions));
}

function askWithout(bad) {
  pictures = pictures.filter((picture) => !bad.has(picture));
  drawPreviews();
  ask();
}

at("files").addEventListener("change", (event) => {
  add(event.target.files);
  event.target.value = ""; // so that the same file can be chosen again
});
at("form").addEventListener("submit", (event) => {
  event.preventDefault();
  ask();
});
at("cancel").addEventListener("click", () => running?.abort());
at("clear").addEventListener("click", clear);
for (const kind of ["dragenter", "dragover"]) {
  at("drop").addEventListener(kind, (event) => {
    event.preventDefault();
    at("drop").classList.add("over");
  });
}
for (const kind of ["dragleave", "drop"]) at("drop").addEventListener(kind, () => at("drop").classList.remove("over"));
at("drop").addEventListener("drop", (event) => {
  event.preventDefault();
  add(event.dataTransfer.files);
});
document.addEventListener("paste", (event) => {
  const files = [...event.clipboardData.files];
  if (files.length) add(files);
});
