// The first screen, the sections, their navigation, the theme and the refresh.
const PARTS = [
  ["cost", "Cost", costPart], ["clusters", "Clusters", clustersPart], ["audit", "Audit", auditPart],
  ["drift", "Drift", driftPart], ["approvals", "Approvals", approvalsPart], ["architecture", "Architecture", architecturePart],
];

/** An empty section with its heading; a function declaration, because the files before use it. */
function sectionOf(name, title, text) {
  const about = part(name);
  return h("section", { class: "part", id: name, "aria-labelledby": `${name}-title` },
    h("div", { class: "part-head" }, h("h2", { id: `${name}-title`, text: title }), h("p", { text })),
    about && about.available ? null : notAvailable(name));
}

const link = (name, text) => h("a", { href: `#${name}`, text });

function answer(title, figure, sub, rows, more, tone = "") {
  return h("div", { class: "panel answer" }, h("h2", { text: title }),
    h("div", {}, h("p", { class: `figure ${tone}` }, figure), sub ? h("p", { class: "sub" }, sub) : null),
    rows.length ? h("ul", { class: "rows" }, rows) : null, more ? h("p", { class: "more" }, more) : null);
}

const row = (what, value, note = "", tone = "") => h("li", {}, h("span", { class: "what" }, what), h("span", { class: `value ${tone}` }, value), note ? h("span", { class: "note", text: note }) : null);

/** What is missing for an answer, and the command that produces it. */
const missing = (name) => [h("p", { class: "quiet small", text: part(name) ? part(name).reason : "" }), part(name) && part(name).command ? command(part(name).command) : null];

/** What runs in the account, which may be more than what is declared. */
function runningRow(limit) {
  if (!content("audit")) return [];
  const total = sum(items(), (each) => each.usd_per_month);
  const unmanaged = sum(items().filter(isUnmanaged), (each) => each.usd_per_month);
  return [row(link("audit", "Running in the account now"), `${usd(total)}/mo`, `by the audit; ${usd(unmanaged)} of it is not in code`, limit && total > limit ? "tone-bad" : "")];
}

function spendAnswer() {
  const title = "What do we spend a month?";
  const limits = data.environments.map((each) => [each, each.monthly_spend_limit_usd]);
  const limit = sum(limits, ([each, value]) => (content("cost") && (content("cost").unknown || []).includes(each.name) || each.emulated ? 0 : value));
  if (!content("cost")) return answer(title, "Unknown", missing("cost"), [...runningRow(limit), ...limits.map(([each, value]) => row(each.name, `limit ${usd(value)}`))], null);
  const low = sum(lines(), lowOf);
  const high = sum(lines(), highOf);
  const missingPrices = (content("cost").unpriced || []).length;
  const unknown = content("cost").unknown || [];
  const rows = limits.map(([each, value]) => {
    if (unknown.includes(each.name)) return row(each.name, `unknown of ${usd(value)}`, "it does not synthesize: see Cost", "tone-bad");
    const own = lines().filter((line) => line.environment === each.name);
    const [from, to] = [sum(own, lowOf), sum(own, highOf)];
    if (each.emulated) return row(each.name, usdRange(Math.round(from), Math.round(to)), "on a local AWS, without charges; in an AWS account it would cost this");
    return h("li", {}, h("span", { class: "what", text: each.name }), h("span", { class: "value" }, `${usdRange(Math.round(from), Math.round(to))} of ${usd(value)}`),
      h("span", { class: "meter-row" }, meter(from, to, value, `${number((to / value) * 100)}% of the limit of ${each.name}`)));
  });
  return answer(title, [usdRange(Math.round(low), Math.round(high)), " ", h("small", { text: "estimated" })],
    `${limit ? `${number((high / limit) * 100)}% of the limits, ${usd(limit)} in total` : "No limit applies"}${missingPrices ? `. ${plural(missingPrices, "resource")} without a known price` : ""}`,
    [...runningRow(limit), ...rows.slice(0, 3)], link("cost", "By team, owner and experiment"), limit && high > limit ? "tone-bad" : "");
}

function ownerAnswer() {
  const title = "What runs without an owner?";
  if (!content("audit")) return answer(title, "Unknown", missing("audit"), [], null);
  const found = items().filter(isUnowned).sort(byCost);
  const monthly = sum(found, (each) => each.usd_per_month);
  const more = h("a", { href: "#audit", text: "All in the audit", onclick: () => part("audit").table.show({ toggle: "No certain owner" }) });
  return answer(title, [usd(monthly), " ", h("small", { text: "a month" })],
    found.length ? `${plural(found.length, "resource")} without a certain owner, ${usd(sum(found, (each) => each.usd_so_far))} so far` : "Every resource has an owner.",
    found.slice(0, 3).map((each) => row(each.name, `${usd(each.usd_per_month)}/mo`, [each.kind, each.region, each.launched ? `since ${day(each.launched)}` : "", each.owner ? `probably ${each.owner}` : "no indication of an owner"].filter(Boolean).join(" · "))),
    more, found.length ? "tone-bad" : "tone-good");
}

function endings() {
  const found = [];
  if (content("clusters")) {
    for (const each of clusters()) if (each.expires) found.push([endOf(each.expires), each.experiment || each.name, `cluster, ${each.environment}${each.owner ? ` · ${each.owner}` : ""}`, inUse(each)]);
  } else {
    for (const environment of data.environments) for (const each of environment.experiments) found.push([endOf(each.expires), each.name, `experiment, ${environment.name} · ${each.owner}`, true]);
  }
  for (const each of recorded()) found.push([endOf(each.until), `approval of ${each.finding}`, `${each.stack} · ${each.who}`, true]);
  // Ended things that are stopped cost nothing and need nothing.
  return found.filter(([end, , , counts]) => end - created < 30 * DAY && (end > created || counts)).sort(([one], [other]) => one - other);
}

function endAnswer() {
  const found = endings();
  const soon = found.filter(([end]) => end > created && end - created < 14 * DAY);
  const ended = found.filter(([end]) => end <= created).length;
  const next = found.find(([end]) => end > created);
  return answer("What ends soon?", [number(soon.length), " ", h("small", { text: "within 14 days" })],
    [ended ? `${number(ended)} ended and still in use. ` : "", next ? `Next: ${next[1]}, ${when(next[0])}` : "Nothing more ends within 30 days."].join(""),
    found.slice(0, 3).map(([end, name, note]) => row(name, end < created ? `ended ${when(end)}` : when(end), note, end < created ? "tone-bad" : end - created < 3 * DAY ? "tone-warn" : "")),
    link("clusters", "All clusters"));
}

function attentionAnswer() {
  const rows = [];
  const add = (name, count, what, note, tone, toggle) => {
    if (!count) return;
    const to = h("a", { href: `#${name}`, text: what, onclick: () => { if (toggle && part(name).table) part(name).table.show({ toggle }); } });
    rows.push([count, row(to, number(count), note, tone)]);
  };
  const over = content("cost") ? data.environments.filter((each) => !each.emulated && sum(lines().filter((line) => line.environment === each.name), highOf) > each.monthly_spend_limit_usd) : [];
  add("cost", over.length, "Environments over their limit", `${over.map((each) => each.name).join(", ")}: by the estimate`, "tone-bad");
  const idle = clusters().filter(isIdle);
  add("clusters", idle.length, "Idle clusters", `${usd(sum(idle, (each) => each.usd_per_hour))} an hour`, "tone-bad", "Idle");
  const marked = clusters().filter((each) => each.marks.some((mark) => MARK_TONE[mark.kind] === "bad"));
  add("clusters", marked.length, "Clusters over a limit, expired or failing", "", "tone-bad", "Needs attention");
  add("audit", items().filter((each) => each.problems.length).length, "Resources with security or other problems", "", "tone-bad", "Problems");
  const idleItems = items().filter((each) => each.conditions.includes("idle") || each.conditions.includes("unattached"));
  add("audit", idleItems.length, "Idle or unattached resources", `${usd(sum(idleItems, (each) => each.usd_per_month))} a month`, "tone-warn");
  add("drift", realDrift().length, "Differences from the state", "", "tone-warn");
  add("approvals", heldFindings().length, "Changes that wait for an approval", "", "tone-warn");
  const unknown = PARTS.filter(([name]) => !content(name)).map(([, label]) => label.toLowerCase());
  const total = sum(rows, ([count]) => count);
  const figure = !total && unknown.length > 1 ? "Unknown" : [number(total), " ", h("small", { text: total === 1 ? "finding" : "findings" })];
  return answer("What needs attention?", figure,
    unknown.length ? `Not checked: ${unknown.join(", ")}` : "Clusters, audit, drift and approvals were checked.", rows.map(([, made]) => made), null,
    total ? "tone-warn" : unknown.length ? "" : "tone-good");
}

function counts(name) {
  if (name === "audit") return [items().filter(isUnowned).length, "bad"];
  if (name === "clusters") return [clusters().filter(inUse).length, clusters().some((each) => each.marks.length) ? "warn" : ""];
  if (name === "drift") return [realDrift().length, "warn"];
  if (name === "approvals") return [heldFindings().length, "warn"];
  return [0, ""];
}

function theme() {
  const names = { auto: "Auto", light: "Light", dark: "Dark" };
  const key = "mlinfra-theme";
  const set = (name) => { name === "auto" ? document.documentElement.removeAttribute("data-theme") : document.documentElement.setAttribute("data-theme", name); };
  let kept = "auto";
  try { kept = localStorage.getItem(key) || "auto"; } catch { /* no storage for this file */ }
  set(kept);
  const select = h("select", { class: "field", "aria-label": "Theme", onchange: (event) => {
    set(event.target.value);
    try { localStorage.setItem(key, event.target.value); } catch { /* no storage for this file */ }
    onTheme.forEach((draw) => draw());
  } }, Object.entries(names).map(([name, label]) => h("option", { value: name, text: label })));
  select.value = names[kept] ? kept : "auto";
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => onTheme.forEach((draw) => draw()));
  return select;
}

/** With `mlinfra report --serve`: a button that collects the data again, and a reload when that is done. */
function refresh() {
  const button = h("button", { class: "button", type: "button", text: "Refresh", onclick: async () => {
    button.disabled = true;
    button.textContent = "Collecting…";
    announce("The data is being collected.");
    try {
      const response = await fetch("refresh", { method: "POST", headers: { "X-Mlinfra": "refresh" } });
      if (!response.ok) throw new Error(String(response.status));
    } catch {
      stopped();
    }
  } });
  const stopped = () => { button.disabled = false; button.textContent = "Refresh"; announce("The server does not answer. Start it again: mlinfra report --serve"); };
  setInterval(async () => {
    try {
      const state = await (await fetch("state")).json();
      if (state.created !== data.created) location.reload();
      else if (state.problem) { button.disabled = false; button.textContent = "Refresh failed"; button.title = state.problem; }
      else if (state.collecting) { button.disabled = true; button.textContent = "Collecting…"; }
    } catch { /* the server has ended */ }
  }, 5000);
  return button;
}

function begin() {
  document.getElementById("project").textContent = data.project;
  const names = data.environments.map((each) => each.name).join(", ");
  const foot = document.getElementById("side-foot");
  foot.append(...[data.refresh ? refresh() : null, theme(), h("p", { class: "quiet small", text: `mlinfra ${data.version}${data.commit ? `, commit ${data.commit.slice(0, 8)}` : ""}` })].filter(Boolean));
  const main = document.getElementById("main");
  main.append(
    h("div", { class: "page-head", id: "overview" }, h("div", {}, h("h1", { text: "Who spends what" }),
      h("p", { text: `${plural(data.environments.length, "environment")} of ${data.project}: ${names}. As of ${time(created)}.` }))),
    h("div", { class: "answers" }, spendAnswer(), ownerAnswer(), endAnswer(), attentionAnswer()),
    ...PARTS.map(([, , make]) => make()));
  const nav = document.getElementById("nav");
  const links = [["overview", "Overview"], ...PARTS].map(([name, label]) => {
    const [count, tone] = counts(name);
    const made = h("a", { href: `#${name}` }, h("span", { text: label }), count ? h("span", { class: `count ${tone}`, text: number(count) }) : null);
    nav.append(h("li", {}, made));
    return [name, made];
  });
  const current = () => {
    const offset = innerHeight * 0.35;
    let found = "overview";
    for (const [name] of links) if (document.getElementById(name).getBoundingClientRect().top < offset) found = name;
    if (innerHeight + scrollY >= document.documentElement.scrollHeight - 4) found = links[links.length - 1][0];
    for (const [name, made] of links) name === found ? made.setAttribute("aria-current", "true") : made.removeAttribute("aria-current");
  };
  addEventListener("scroll", current, { passive: true });
  current();
  if (location.hash) {
    const target = document.getElementById(location.hash.slice(1));
    if (target) target.scrollIntoView();
  }
}
begin();
