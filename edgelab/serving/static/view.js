// Draws what came back. Names come from files and from a server: they are set as text, never as HTML.

/** Returns an element with attributes, properties and children. */
export function make(tag, given = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Puts values into a text with places like {name}. */
export function say(text, values = {}) {
  return text.replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
}

const SMALLEST = 0.001; // a tenth of a percent, the last digit that is shown

/** The texts and numbers of a language. */
export class Words {
  constructor(settings) {
    this.texts = settings.texts;
    this.percent = new Intl.NumberFormat(settings.language, { style: "percent", maximumFractionDigits: 1 });
    this.decimal = new Intl.NumberFormat(settings.language, { maximumFractionDigits: 2 });
  }

  /** A share in percent; what is too small to be shown is not called nothing. */
  share(value) {
    return value > 0 && value < SMALLEST ? `< ${this.percent.format(SMALLEST)}` : this.percent.format(value);
  }

  say(name, values = {}) {
    const shown = Object.fromEntries(
      Object.entries(values).map(([key, value]) => [key, typeof value === "number" ? this.decimal.format(value) : value]),
    );
    return say(this.texts[name], shown);
  }
}

/** One picture that waits to be sent. */
export function preview(picture, words, remove) {
  const button = make("button", { type: "button", textContent: "×", "aria-label": words.say("remove", { name: picture.name }) });
  button.addEventListener("click", remove);
  return make("li", {}, make("img", { src: picture.url, alt: "" }), button, make("span", {}, picture.name));
}

/** The answer about one picture: the three likeliest, and a bar for every class. */
export function card(picture, result, words, findSimilar) {
  const top = make("ol", { "aria-label": words.say("top") });
  for (const guess of result.top) top.append(make("li", {}, `${guess.label} ${words.share(guess.probability)}`));
  const best = make("div", {}, top);
  if (result.cached) best.append(make("p", { className: "facts" }, words.say("from_cache")));
  const element = make("article", { className: "card" }, make("h3", {}, picture.name), make("img", { src: picture.url, alt: picture.name }), best, chart(picture, result, words));
  if (findSimilar) element.append(similarButton(picture, words, findSimilar));
  return element;
}

function chart(picture, result, words) {
  const best = result.top[0].class;
  const body = make("tbody");
  for (const guess of result.probabilities) {
    const bar = make("td", {}, words.share(guess.probability));
    bar.style.setProperty("--share", guess.probability);
    body.append(make("tr", { className: guess.class === best ? "first" : "" }, make("th", { scope: "row" }, guess.label), bar));
  }
  const heads = ["class", "probability"].map((head) => make("th", { scope: "col" }, words.say(head)));
  return make("table", {}, make("caption", {}, words.say("chart", { name: picture.name })), make("thead", {}, make("tr", {}, ...heads)), body);
}

function similarButton(picture, words, findSimilar) {
  const place = make("div", { className: "similar" });
  const button = make("button", { type: "button" }, words.say("similar"));
  button.addEventListener("click", async () => {
    button.disabled = true;
    const found = await findSimilar(picture);
    if (found) place.replaceChildren(similar(picture, found, words));
    else button.disabled = false;
  });
  place.append(button);
  return place;
}

function similar(picture, found, words) {
  const list = make("ul", { "aria-label": words.say("similar_to", { name: picture.name }) });
  for (const match of found.results) {
    const label = match.label ?? match.class ?? match.name;
    list.append(
      make("li", {}, make("img", { src: match.thumbnail, alt: "" }), make("div", {}, label), words.say("similarity", { value: match.similarity })),
    );
  }
  const facts = make("p", { className: "facts" }, words.say("search_times", { ...found.milliseconds, size: found.index.size }));
  return make("div", {}, make("h3", {}, words.say("similar_to", { name: picture.name })), list, facts);
}

/** Which model answered, and where the time went. */
export function facts(answer, before, words) {
  const kilobytes = answer.bytes / 1000;
  const said = [
    words.say("model", answer.model),
    words.say("times", answer.milliseconds),
    words.say("round_trip", { milliseconds: answer.roundTrip, kilobytes }),
  ];
  if (answer.bytes < before) said.push(words.say("saved", { before: before / 1000, after: kilobytes }));
  return said.join(" ");
}

/** What went wrong, and what can be done about it. */
export function fault(refusal, words, actions) {
  const told = [make("p", {}, make("strong", {}, refusal.message))];
  if (refusal.images.length) {
    told.push(make("ul", {}, ...refusal.images.map((image) => make("li", {}, `${image.name}: ${image.message}`))));
  }
  for (const [name, act] of actions) {
    const button = make("button", { type: "button" }, words.say(name));
    button.addEventListener("click", act);
    told.push(button);
  }
  if (refusal.id) told.push(make("p", { className: "facts" }, words.say("number", { id: refusal.id })));
  return told;
}
