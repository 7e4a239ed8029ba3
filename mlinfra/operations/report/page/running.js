// Clusters, and the findings of the audit.
const clusters = () => (content("clusters") ? content("clusters").clusters : []);
const STATE_TONE = { running: "good", starting: "accent", stopping: "accent", stopped: "" };
const MARK_TONE = { "over-limit": "bad", expired: "bad", "launches-failed": "bad", "launches-suspended": "bad", "no-shutdown": "warn",
  "near-limit": "warn", "in-grace": "warn", expiring: "warn" };
const isIdle = (cluster) => cluster.nodes > 0 && (cluster.idle_minutes || 0) >= 30;
const inUse = (cluster) => cluster.nodes > 0;

function clustersPart() {
  const section = sectionOf("clusters", "Clusters", "Training clusters as they are now: age, idleness, expiry, and spend against the limit.");
  if (!content("clusters")) return section;
  const table = dataTable({
    caption: "Clusters", noun: ["cluster", "clusters"], rows: clusters(), file: "clusters", sort: { index: 4, down: true },
    empty: "There are no clusters.",
    filters: [
      { label: "Environment", value: (each) => each.environment },
      { label: "Owner", value: (each) => each.owner || "no owner" },
    ],
    toggles: [
      { label: "With nodes", test: inUse }, { label: "Idle", test: isIdle }, { label: "Needs attention", test: (each) => each.marks.length > 0 || !each.declared },
    ],
    columns: [
      { label: "Cluster", value: (each) => each.experiment || each.name, cell: (each) => noted(each.experiment || each.name, `${each.owner || "no owner"} · ${each.environment}`) },
      { label: "State", value: (each) => each.state, cell: (each) => [tag(each.state, STATE_TONE[each.state]), h("span", { class: "note", text: each.nodes || each.wanted ? `${each.nodes} of ${plural(each.wanted, "node")}${each.instance_types.length ? `, ${each.instance_types.join(", ")}` : ""}` : "" })] },
      { label: "Age", n: true, value: (each) => (each.since ? created - at(each.since) : null), cell: (each) => age(each.since) },
      { label: "Idle", n: true, value: (each) => (each.nodes ? each.idle_minutes : null), cell: (each) => !each.nodes ? "—" : each.idle_minutes === null ? "unknown" : each.idle_minutes >= 360 ? "over 6 h" : span(each.idle_minutes * 60000) },
      { label: "USD/h", n: true, value: (each) => each.usd_per_hour, cell: (each) => usd(each.usd_per_hour) },
      { label: "Spent of limit", n: true, value: (each) => each.usd_so_far, cell: spent },
      { label: "Ends", value: (each) => endOf(each.expires), cell: (each) => each.expires ? noted(h("span", { class: "nowrap", text: when(endOf(each.expires)) }), `${day(lastDay(each.expires))}${each.extended ? ", extended" : ""}`) : "never" },
      { label: "Attention", wide: true, value: (each) => marksOf(each).map(([name]) => name), cell: (each) => attention(each) },
      { label: "Name", hidden: true, value: (each) => each.name }, { label: "Owner", hidden: true, value: (each) => each.owner },
      { label: "Environment", hidden: true, value: (each) => each.environment }, { label: "Nodes", hidden: true, value: (each) => each.nodes },
      { label: "Instance types", hidden: true, value: (each) => each.instance_types },
      { label: "Spend limit", hidden: true, value: (each) => each.spend_limit_usd },
    ],
  });
  part("clusters").table = table;
  section.append(h("div", { class: "panel" }, ...remarks("clusters"), table.element));
  const history = content("clusters").history || [];
  if (history.length) section.append(historyPanel(history));
  return section;
}

/** The last day of a cluster: its expiry is the end of that day. */
const lastDay = (text) => (isDay(text) ? text : new Date(new Date(text) - 1).toISOString().slice(0, 10));

function spent(each) {
  const text = `${usd(each.usd_so_far)} of ${each.spend_limit_usd ? usd(each.spend_limit_usd) : "no limit"}`;
  if (!each.spend_limit_usd || !isNumber(each.usd_so_far)) return text;
  return [text, h("span", { class: "meter-row" }, meter(each.usd_so_far, each.usd_so_far, each.spend_limit_usd, `${number((each.usd_so_far / each.spend_limit_usd) * 100)}% of the limit`))];
}

const marksOf = (each) => [
  ...each.marks.map((mark) => [mark.kind, MARK_TONE[mark.kind], mark.text]),
  ...(each.declared ? [] : [["not declared", "warn", "no experiment declares it; the next deploy of its stack deletes it"]]),
  ...each.problems.map((text) => ["problem", "bad", text]),
];

const sentences = (list) => list.map((text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`);

function attention(each) {
  const marks = marksOf(each);
  if (!marks.length) return "—";
  return [tags(marks.map(([name, tone]) => tag(name, tone))), h("span", { class: "note" }, folded(sentences(marks.map(([, , text]) => text))))];
}

function historyPanel(history) {
  const canvas = h("div", { class: "chart" });
  const days = [...new Set(history.map((each) => each.day))].sort();
  const owners = [...new Set(history.map((each) => each.owner || "no owner"))];
  const value = (owner, date) => sum(history.filter((each) => (each.owner || "no owner") === owner && each.day === date), (each) => each.usd);
  whenSeen(canvas, () => {
    const chart = echarts.init(canvas, null, { renderer: "canvas" });
    new ResizeObserver(() => chart.resize()).observe(canvas);
    themed(() => chart.setOption(historyOption(days, owners, value), true));
  });
  return h("div", { class: "panel" }, h("div", { class: "panel-head" }, h("h3", { text: "Spend a day by owner" }),
    h("span", { class: "quiet small", text: `${day(days[0])} to ${day(days[days.length - 1])}` })),
  h("div", { class: "panel-body" }, canvas),
  h("details", {}, h("summary", { text: "The same as a table" }), dataTable({
    caption: "Spend a day by owner", noun: ["row", "rows"], rows: history, file: "spend", sort: { index: 0, down: true }, empty: "No rows.",
    columns: [
      { label: "Day", value: (each) => each.day }, { label: "Cluster", value: (each) => each.cluster },
      { label: "Owner", value: (each) => each.owner }, { label: "USD", n: true, value: (each) => each.usd, cell: (each) => usd(each.usd) },
    ] }).element));
}

const SERIES = ["accent-fill", "compute", "storage", "network", "learning", "security", "other", "watching"];
function historyOption(days, owners, value) {
  const text = { color: colour("text"), fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 12 };
  return {
    animation: !calm, textStyle: text, color: SERIES.map(colour), aria: { enabled: true },
    grid: { left: 4, right: 12, top: 36, bottom: 4, containLabel: true },
    legend: { top: 0, left: 0, type: "scroll", textStyle: { color: colour("muted") }, icon: "roundRect", itemWidth: 10, itemHeight: 10 },
    tooltip: { trigger: "axis", renderMode: "richText", backgroundColor: colour("surface"), borderColor: colour("line-strong"), textStyle: text, valueFormatter: usd },
    xAxis: { type: "category", data: days, axisLabel: { color: colour("muted"), hideOverlap: true, formatter: (text_) => text_.slice(5) }, axisTick: { show: false }, axisLine: { lineStyle: { color: colour("line") } } },
    yAxis: { type: "value", axisLabel: { color: colour("muted"), formatter: shortUsd }, splitLine: { lineStyle: { color: colour("line") } } },
    series: owners.map((owner) => ({ name: owner, type: "bar", stack: "spend", barMaxWidth: 28, data: days.map((date) => value(owner, date)) })),
  };
}

// Audit
const items = () => (content("audit") ? content("audit").items : []);
const CLASS_TONE = { managed: "good", "managed-elsewhere": "accent", unmanaged: "bad", orphaned: "warn" };
const isUnowned = (item) => item.usd_per_month !== 0 && (!item.owner || (!item.owner_is_certain && item.classification !== "managed" && item.classification !== "managed-elsewhere"));
const isUnmanaged = (item) => item.classification === "unmanaged" || item.classification === "orphaned";
const byCost = (one, other) => compare(one.usd_per_month, other.usd_per_month, true);

function auditPart() {
  const section = sectionOf("audit", "Audit", "Resources of the account in all regions, with the owner or the best indication of one. Highest cost first.");
  const found = content("audit");
  if (!found) return section;
  const table = dataTable({
    caption: "Resources of the account", noun: ["resource", "resources"], rows: items(), file: "audit", sort: { index: 3, down: true }, empty: "There are no resources.",
    filters: [
      ...(new Set(items().map((each) => each.account)).size > 1 ? [{ label: "Account", value: (each) => each.account }] : []),
      { label: "Classification", value: (each) => each.classification }, { label: "Region", value: (each) => each.region },
      { label: "Kind", value: (each) => each.kind }, { label: "Condition", value: (each) => each.conditions },
    ],
    toggles: [
      { label: "No certain owner", test: isUnowned }, { label: "Not in code", test: isUnmanaged },
      { label: "GPUs", test: (each) => each.accelerators > 0 }, { label: "Problems", test: (each) => each.problems.length > 0 },
    ],
    columns: [
      { label: "Resource", value: (each) => each.name, cell: (each) => noted(each.name, [each.kind, each.region, each.name === each.id ? "" : each.id].filter(Boolean).join(" · ")) },
      { label: "Classification", value: (each) => [each.classification, ...each.conditions], cell: (each) => tags([tag(each.classification, CLASS_TONE[each.classification]), ...each.conditions.map((text) => tag(text, "warn"))]) },
      { label: "Owner", wide: true, value: (each) => each.owner || null, cell: ownerCell },
      { label: "USD a month", n: true, value: (each) => each.usd_per_month, cell: (each) => noted(usd(each.usd_per_month), isNumber(each.usd_so_far) ? `${usd(each.usd_so_far)} so far` : "") },
      { label: "Running for", n: true, value: (each) => (each.launched ? created - at(each.launched) : null), cell: (each) => age(each.launched) },
      { label: "GPU use", n: true, value: (each) => each.gpu_utilization, cell: (each) => noted(isNumber(each.gpu_utilization) ? `${number(each.gpu_utilization)}%` : "—", each.instance_types.length ? `${number(each.nodes)} x ${each.instance_types.join(", ")}` : "") },
      { label: "Problems", wide: true, value: (each) => each.problems, cell: (each) => each.problems.length ? folded(each.problems) : "—" },
      ...HIDDEN.map((name) => ({ label: name.replaceAll("_", " "), hidden: true, value: (each) => each[name] })),
    ],
  });
  part("audit").table = table;
  const failed = found.failed_regions.map((each) => h("p", { class: "remark warn", text: `${each.region} ${each.service} could not be read, and is missing here: ${each.reason}` }));
  const overview = regionChart(items().filter((each) => isNumber(each.usd_per_month) && each.usd_per_month > 0));
  section.append(...(overview ? [overview] : []), h("div", { class: "panel" }, ...remarks("audit"), ...failed, table.element));
  return section;
}

/** Members of an item that are searched and downloaded. */
const HIDDEN = ["id", "arn", "account", "service", "kind", "region", "state", "launched", "launched_by", "owner_evidence", "manager", "nodes", "accelerators", "instance_types", "usd_so_far"];

function ownerCell(each) {
  const launcher = each.launched_by.split(/[/:]/).pop();
  const launch = launcher && !each.owner_evidence.includes(launcher) ? h("span", { class: "note", title: each.launched_by, text: `launched by ${launcher}` }) : null;
  if (!each.owner) return [tag("no indication", "bad"), launch];
  return [...noted(each.owner_is_certain ? each.owner : `probably ${each.owner}`, each.owner_evidence), launch];
}

function regionChart(found) {
  const regions = [...new Set(found.map((each) => each.region))]
    .map((name) => [name, sum(found.filter((each) => each.region === name), (each) => each.usd_per_month)])
    .sort(([, one], [, other]) => other - one).slice(0, 10).map(([name]) => name);
  if (!regions.length) return null;
  const kinds = ["managed", "managed-elsewhere", "orphaned", "unmanaged"];
  const cost = (kind, region) => sum(found.filter((each) => each.classification === kind && each.region === region), (each) => each.usd_per_month);
  const canvas = h("div", { class: "chart" });
  canvas.style.setProperty("height", `${4.5 + regions.length * 2.1}rem`);
  whenSeen(canvas, () => {
    const chart = echarts.init(canvas, null, { renderer: "canvas" });
    new ResizeObserver(() => chart.resize()).observe(canvas);
    chart.on("click", (event) => { part("audit").table.show({ chosen: { Region: event.name, Classification: event.seriesName } }); announce(`Filtered: ${event.seriesName} in ${event.name}.`); });
    themed(() => chart.setOption(regionOption(regions.slice().reverse(), kinds, cost), true));
  });
  return h("div", { class: "panel" }, h("div", { class: "panel-head" }, h("h3", { text: "USD a month by region and classification" })),
    h("div", { class: "panel-body" }, canvas),
    h("details", {}, h("summary", { text: "The same as a table" }), dataTable({
      caption: "USD a month by region and classification", noun: ["region", "regions"], search: false, rows: regions, empty: "No region.",
      columns: [{ label: "Region", value: (each) => each }, ...kinds.map((kind) => ({ label: kind, n: true, value: (each) => cost(kind, each), cell: (each) => usd(cost(kind, each)) }))],
    }).element));
}

function regionOption(regions, kinds, cost) {
  const text = { color: colour("text"), fontFamily: getComputedStyle(document.body).fontFamily, fontSize: 12 };
  const fills = { managed: "good-fill", "managed-elsewhere": "accent-fill", orphaned: "warn-fill", unmanaged: "bad-fill" };
  return {
    animation: !calm, textStyle: text, aria: { enabled: true },
    grid: { left: 4, right: 24, top: 34, bottom: 4, containLabel: true },
    legend: { top: 0, left: 0, textStyle: { color: colour("muted") }, icon: "roundRect", itemWidth: 10, itemHeight: 10 },
    tooltip: { trigger: "axis", axisPointer: { type: "shadow" }, renderMode: "richText", backgroundColor: colour("surface"), borderColor: colour("line-strong"), textStyle: text, valueFormatter: usd },
    xAxis: { type: "value", splitNumber: 4, axisLabel: { color: colour("muted"), formatter: shortUsd, hideOverlap: true }, splitLine: { lineStyle: { color: colour("line") } } },
    yAxis: { type: "category", data: regions, axisTick: { show: false }, axisLine: { show: false }, axisLabel: { color: colour("text") } },
    series: kinds.map((kind) => ({ name: kind, type: "bar", stack: "cost", barMaxWidth: 18, cursor: "pointer", data: regions.map((region) => cost(kind, region)), itemStyle: { color: colour(fills[kind]) } })),
  };
}
