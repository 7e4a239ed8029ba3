// Estimated cost: who causes it, and each line with its formula.
const KEYS = [
  ["team", "Team"], ["owner", "Owner"], ["experiment", "Experiment"], ["environment", "Environment"], ["stack", "Stack"], ["service", "Service"], ["type", "Type"],
];
const NEXT = { team: "owner", owner: "experiment", experiment: "service", environment: "team", stack: "service", service: "type", type: "stack" };
const NONE = { experiment: "shared (no experiment)", owner: "no owner", team: "no team" };
const lines = () => (content("cost") ? content("cost").lines : []);
const lowOf = (each) => each.usd_per_month_low;
const highOf = (each) => each.usd_per_month_high;
const keyOf = (line, key) => line[key] || NONE[key] || "none";

function groupsOf(found, key) {
  const groups = new Map();
  for (const line of found) {
    const name = keyOf(line, key);
    const group = groups.get(name) || { name, low: 0, high: 0, count: 0 };
    group.low += lowOf(line) || 0;
    group.high += highOf(line) || 0;
    group.count += 1;
    groups.set(name, group);
  }
  return [...groups.values()].sort((one, other) => other.high - one.high);
}

function costPart() {
  const section = sectionOf("cost", "Cost", "Estimated from the declarations, a month of 730 hours. Select a bar or a row to see what it consists of.");
  if (!content("cost")) return section;
  const state = { key: "team", path: [] };
  const buttons = KEYS.map(([key, label]) => h("button", { type: "button", text: label, onclick: () => { state.key = key; state.path = []; draw(); } }));
  const crumbs = h("ol", { class: "crumbs", "aria-label": "Selection" });
  const canvas = h("div", { class: "chart" });
  const groupTable = h("div");
  const lineTable = h("div", { class: "panel lines" });
  const found = () => lines().filter((line) => state.path.every(([key, name]) => keyOf(line, key) === name));
  let chart = null;

  function enter(name) {
    state.path.push([state.key, name]);
    const used = new Set(state.path.map(([key]) => key));
    let key = NEXT[state.key];
    for (let turns = 0; used.has(key) && turns < KEYS.length; turns += 1) key = NEXT[key];
    state.key = used.has(key) ? "type" : key;
    draw();
    announce(`${name}: ${usdRange(sum(found(), lowOf), sum(found(), highOf))} a month.`);
  }

  function draw() {
    const groups = groupsOf(found(), state.key);
    const label = KEYS.find(([key]) => key === state.key)[1];
    buttons.forEach((button, index) => button.setAttribute("aria-pressed", String(KEYS[index][0] === state.key)));
    crumbs.replaceChildren(
      h("li", {}, h("button", { class: "link", type: "button", text: "All", onclick: () => { state.path = []; draw(); } })),
      ...state.path.map(([key, name], index) => h("li", {}, h("button", { class: "link", type: "button", text: name,
        onclick: () => { state.path = state.path.slice(0, index + 1); draw(); } }))),
      h("li", { class: "quiet", text: `by ${label.toLowerCase()}` }));
    const total = sum(groups, (each) => each.high);
    groupTable.replaceChildren(dataTable({
      caption: `Cost by ${label.toLowerCase()}`, noun: ["group", "groups"], search: false, rows: groups, sort: { index: 1, down: true },
      empty: "No cost.", columns: [
        { label, value: (each) => each.name, cell: (each) => state.path.some(([key]) => key === state.key) ? each.name
          : h("button", { class: "link", type: "button", text: each.name, onclick: () => enter(each.name) }) },
        { label: "USD a month", n: true, value: (each) => each.high, cell: (each) => usdRange(each.low, each.high) },
        { label: "Share", n: true, value: (each) => each.high, cell: (each) => share(each.high, total) },
        ...limitColumn(groups, state),
      ],
    }).element);
    lineTable.replaceChildren(h("div", { class: "panel-head" }, h("h3", { text: "Lines of the estimate" }),
      h("span", { class: "quiet small num", text: `${usdRange(sum(found(), lowOf), sum(found(), highOf))} a month` })), costLines(found()).element);
    if (chart) drawChart(groups);
  }

  function drawChart(groups) {
    const top = groups.filter((each) => each.high > 0).slice(0, 12).reverse();
    canvas.style.setProperty("height", `${Math.max(9, 3.5 + top.length * 2.1)}rem`);
    chart.resize();
    chart.setOption(barOption(top, canvas.clientWidth), true);
  }

  whenSeen(canvas, () => {
    chart = echarts.init(canvas, null, { renderer: "canvas" });
    chart.on("click", (event) => { if (!state.path.some(([key]) => key === state.key)) enter(event.name); });
    new ResizeObserver(() => chart.resize()).observe(canvas);
    themed(() => drawChart(groupsOf(found(), state.key)));
  });
  draw();
  section.append(
    h("div", { class: "panel" }, ...remarks("cost"),
      h("div", { class: "panel-head" }, h("div", { class: "segmented", role: "group", "aria-label": "Group by" }, buttons), crumbs),
      h("div", { class: "split" }, h("div", { class: "panel-body" }, canvas), groupTable)),
    ...[lineTable, unpriced(), oldPrices()].filter(Boolean));
  return section;
}

/** The limit of a group. Within another group, a limit cannot be compared. */
function limitOf(key, name) {
  if (key === "environment") return sum(data.environments.filter((each) => each.name === name && !each.emulated), (each) => each.monthly_spend_limit_usd) || null;
  return sum(data.environments, (each) => (each.limits[key] || {})[name]) || null;
}

function limitColumn(groups, state) {
  const limits = new Map(groups.map((each) => [each.name, state.path.length ? null : limitOf(state.key, each.name)]));
  if (![...limits.values()].some(Boolean)) return [];
  return [{ label: "Limit", n: true, value: (each) => limits.get(each.name), cell: (each) => {
    const limit = limits.get(each.name);
    return limit ? [usd(limit), h("span", { class: "meter-row" }, meter(each.low, each.high, limit, `${number((each.high / limit) * 100)}% of the limit`))] : "—";
  } }];
}

function barOption(top, width) {
  const text = { color: colour("text"), fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 12 };
  const bar = (name, values, fill) => ({ name, type: "bar", stack: "cost", barMaxWidth: 18, data: values, itemStyle: { color: fill }, cursor: "pointer" });
  return {
    animation: !calm, textStyle: text,
    aria: { enabled: true, label: { description: `Bars of USD a month: ${top.slice().reverse().map((each) => `${each.name} ${usdRange(each.low, each.high)}`).join(", ")}.` } },
    grid: { left: 4, right: 76, top: 4, bottom: 4, containLabel: true },
    tooltip: { trigger: "axis", axisPointer: { type: "shadow" }, renderMode: "richText", backgroundColor: colour("surface"), borderColor: colour("line-strong"), textStyle: text,
      formatter: ([first]) => `${top[first.dataIndex].name}\n${usdRange(top[first.dataIndex].low, top[first.dataIndex].high)} a month, ${plural(top[first.dataIndex].count, "line")}` },
    xAxis: { type: "value", splitNumber: width < 500 ? 2 : 4, axisLabel: { color: colour("muted"), formatter: shortUsd, hideOverlap: true }, splitLine: { lineStyle: { color: colour("line") } } },
    yAxis: { type: "category", data: top.map((each) => each.name), axisTick: { show: false }, axisLine: { show: false },
      axisLabel: { color: colour("text"), width: Math.min(190, width * 0.32), overflow: "truncate" } },
    series: [
      bar("certain", top.map((each) => each.low), colour("accent-fill")),
      { ...bar("range", top.map((each) => each.high - each.low), colour("range")),
        label: { show: true, position: "right", color: colour("muted"), formatter: (event) => usdRange(top[event.dataIndex].low, top[event.dataIndex].high) } },
    ],
  };
}

/** A share in percent; a small one is not shown as 0. */
function share(value, total) {
  if (!total) return "—";
  const percent = (value / total) * 100;
  return percent > 0 && percent < 1 ? "<1%" : `${number(percent)}%`;
}

function costLines(found) {
  return dataTable({
    caption: "Lines of the estimate", noun: ["line", "lines"], rows: found, file: "cost", sort: { index: 2, down: true }, empty: "No line.",
    filters: [{ label: "Stack", value: (each) => each.stack }],
    columns: [
      { label: "Resource", value: (each) => each.address, cell: (each) => noted(shortAddress(each.address), [each.item, each.stack].filter(Boolean).join(" · ")) },
      { label: "Owner", value: (each) => each.owner || null, cell: (each) => noted(each.owner || "—", each.experiment) },
      { label: "USD a month", n: true, value: highOf, cell: (each) => noted(usdRange(lowOf(each), highOf(each)), `${usdRange(each.usd_per_hour_low, each.usd_per_hour_high)} an hour`) },
      { label: "Formula", wide: true, value: (each) => each.formula, cell: (each) => noted(each.formula, each.assumption) },
      { label: "Price of", value: (each) => each.as_of, wide: true, cell: (each) => noted(each.as_of || "—", each.source) },
      { label: "USD an hour", hidden: true, value: (each) => each.usd_per_hour_high }, { label: "USD a month, low", hidden: true, value: lowOf },
      { label: "Source", hidden: true, value: (each) => each.source }, { label: "Assumption", hidden: true, value: (each) => each.assumption },
      ...["item", "stack", "environment", "team", "experiment", "cost_center", "service", "region"].map((name) => ({ label: name.replaceAll("_", " "), hidden: true, value: (each) => each[name] })),
    ],
  });
}

function unpriced() {
  const found = content("cost").unpriced || [];
  if (!found.length) return null;
  return h("details", { class: "panel" }, h("summary", { text: `${plural(found.length, "resource")} without a known price, not counted` }),
    dataTable({ caption: "Resources without a known price", noun: ["resource", "resources"], rows: found, empty: "None.", columns: [
      { label: "Resource", value: (each) => each.address }, { label: "Type", value: (each) => each.type }, { label: "Reason", wide: true, value: (each) => each.reason },
    ] }).element);
}

function oldPrices() {
  const found = content("cost").old || [];
  if (!found.length) return null;
  return h("details", { class: "panel" }, h("summary", { text: `${plural(found.length, "price")} older than the environment allows` }),
    h("ul", { class: "rows panel-body" }, found.map((text) => h("li", { class: "what", text }))));
}

/** An address without the hash that cdktf adds. */
const shortAddress = (address) => address.replace(/_[0-9A-F]{8}(?=$|\[|\.)/, "");
