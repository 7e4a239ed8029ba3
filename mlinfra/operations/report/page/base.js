// Data of the page, formats of figures and dates, and elements. Text is only ever set as text, never as HTML.
const data = JSON.parse(document.getElementById("data").textContent);
const created = new Date(data.created);
const HOURS_A_MONTH = 730;
const DAY = 86400000;
const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;

/** An element. Properties that begin with "on" are listeners, "class" and "text" are what they say; null is left out. */
function h(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "text") made.textContent = value;
    else if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key.startsWith("--")) made.style.setProperty(key, value);
    else made.setAttribute(key, value === true ? "" : value);
  }
  for (const child of children.flat()) if (child !== null && child !== undefined && child !== "") made.append(child);
  return made;
}

const some = (list) => (Array.isArray(list) ? list : list === null || list === undefined || list === "" ? [] : [list]);
const sum = (list, of) => list.reduce((total, each) => total + (of(each) || 0), 0);
const isNumber = (value) => typeof value === "number" && Number.isFinite(value);
const plural = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;
const number = (value, digits = 0) =>
  value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** A price. Small amounts keep their cents; null is unknown, never 0. */
function usd(value) {
  if (!isNumber(value)) return "unknown";
  const size = Math.abs(value);
  return `$${number(value, size === 0 || size >= 100 ? 0 : size < 0.01 ? 4 : 2)}`;
}

/** A price that may be a range. */
function usdRange(low, high) {
  const from = usd(low);
  const to = usd(high);
  return from === to ? from : `${from}–${to.slice(1)}`;
}

const shortUsd = (value) =>
  value >= 1e6 ? `$${number(value / 1e6, 1)}M` : value >= 1e4 ? `$${number(value / 1e3, 0)}k` : `$${number(value)}`;

const dayFormat = new Intl.DateTimeFormat("en-US", { year: "numeric", month: "short", day: "numeric", timeZone: "UTC" });
const timeFormat = new Intl.DateTimeFormat("en-US", {
  year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: "UTC",
});

const at = (text) => (text ? new Date(text) : null);
const isDay = (text) => /^\d{4}-\d\d-\d\d$/.test(text);
/** The end of a last day, or the time itself. */
const endOf = (text) => (text ? (isDay(text) ? new Date(Date.parse(text) + DAY) : new Date(text)) : null);
const day = (text) => (text ? dayFormat.format(new Date(text)) : "—");
const time = (date) => `${timeFormat.format(date)} UTC`;

/** The time between two dates, such as "3 d 4 h". */
function span(milliseconds) {
  const minutes = Math.max(0, Math.round(milliseconds / 60000));
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${number(Math.floor(minutes / 1440))} days`;
}

const age = (text) => (text ? span(created - at(text)) : "—");

/** "in 3 days" or "6 days ago", seen from the time of the report. */
function when(date) {
  const days = (date - created) / DAY;
  if (Math.abs(days) < 1) return days < 0 ? "today" : `in ${span(date - created)}`;
  return days > 0 ? `in ${plural(Math.floor(days), "day")}` : `${plural(Math.floor(-days), "day")} ago`;
}

const tag = (text, tone = "") => h("span", { class: `tag ${tone}`, text });
const tags = (list) => h("span", { class: "tags" }, list);
const code = (text) => h("code", { text });
const noted = (text, note) => [text, note ? h("span", { class: "note", text: note }) : null];

/** Sentences: the first, and the others when they are requested. */
function folded(list) {
  if (list.length < 2 && String(list[0]).length < 170) return list[0] || "";
  const [first, rest] = list.length > 1 ? [list[0], list.slice(1).join(" ")] : [`${list[0].slice(0, 120)}…`, list[0].slice(120)];
  return h("details", { class: "long" }, h("summary", { text: first }), h("span", { text: rest }));
}

/** A bar of a share of a limit, with the part that is uncertain in a lighter colour. */
function meter(low, high, limit, label) {
  const share = high / limit;
  const tone = share > 1 ? "bad" : share >= 0.8 ? "warn" : "";
  return h("span", { class: `meter ${tone}`, role: "img", "aria-label": label, "--low": low / limit, "--high": share },
    h("i"), h("b"));
}

const part = (name) => data.sections[name];
const content = (name) => (part(name) && part(name).available ? part(name).data : null);

/** The command line that produces something, with a button that copies it. */
function command(text) {
  const button = h("button", { class: "button", type: "button", text: "Copy", "aria-label": `Copy: ${text}`, onclick: async () => {
    try {
      await navigator.clipboard.writeText(text);
      announce("Copied.");
    } catch {
      const selection = getSelection();
      selection.selectAllChildren(line.firstChild);
      announce("Selected. Copy it with the keyboard.");
    }
  } });
  const line = h("p", { class: "command" }, code(text), button);
  return line;
}

/** The reason why a section has no data, and the command that produces it. */
function notAvailable(name) {
  const about = part(name) || { reason: "This report was written without it.", command: "" };
  return h("div", { class: "notice" }, h("p", { text: about.reason }), about.command ? command(about.command) : null);
}

const FEW = 2;
/** Limitations of a section. Many of them are folded. */
function remarks(name) {
  const made = some(part(name) && part(name).remarks).map((text) => h("p", { class: "remark warn", text }));
  if (made.length <= FEW) return made;
  return [h("details", { class: "remarks" }, h("summary", { text: `${number(made.length)} limitations of this data` }), made)];
}

function announce(text) {
  document.getElementById("announce").textContent = text;
}

/** The colour of a CSS variable in the theme in use, for drawings on a canvas. */
function colour(name) {
  const probe = h("span");
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

const onTheme = [];
/** Call `draw` now and whenever the colours change. */
function themed(draw) {
  onTheme.push(draw);
  draw();
}

/** Call `draw` when `element` is near the window, once: the page opens without waiting for drawings. */
function whenSeen(element, draw) {
  const observer = new IntersectionObserver((entries) => {
    if (!entries.some((each) => each.isIntersecting)) return;
    observer.disconnect();
    draw();
  }, { rootMargin: "400px" });
  observer.observe(element);
}
