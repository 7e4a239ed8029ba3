// The architecture: environments, stacks, constructs and resources, and what depends on what.
//
// Every level is a small graph: the stacks of an environment, the constructs of a stack, the resources of a construct.
// Opening a box leads one level down, so that an environment of thousands of resources stays readable.
const CATEGORIES = [
  ["compute", "Compute", /^aws_(instance|autoscaling|launch_|placement|lambda|batch|ecs|eks|capacity|ec2_(capacity|fleet))/],
  ["learning", "SageMaker", /^aws_sagemaker/],
  ["storage", "Storage", /^aws_(s3|fsx|efs|ebs|dynamodb|ecr|glue|athena|backup)/],
  ["network", "Network", /^aws_(vpc|subnet|route|nat|eip|internet|security_group|network|lb|flow|default_|ec2_(managed|transit)|egress)/],
  ["security", "Security", /^aws_(iam|kms|organizations|secretsmanager|acm)/],
  ["watching", "Monitoring and messages", /^aws_(cloudwatch|sns|sqs|budgets|ce_|ssm|cloudtrail|chatbot|bcmdata)/],
  ["other", "Other", /^/],
];
/** The zoom below which text is too small. */
const READABLE = 0.75;
const categoryOf = (type) => CATEGORIES.find(([, , pattern]) => pattern.test(type))[0];
const stacks = () => (content("architecture") ? content("architecture").stacks : []);

/** Resources with indexes: by address within a stack, what they use, and what uses them. */
function indexed() {
  const all = new Map();
  for (const stack of stacks()) {
    for (const each of stack.resources) {
      all.set(`${stack.name}/${each.address}`, { ...each, stack: stack.name, environment: stack.environment, uses: new Set(), usedBy: new Set(), usd: null });
    }
  }
  for (const stack of stacks()) {
    for (const each of stack.resources) {
      const from = all.get(`${stack.name}/${each.address}`);
      for (const target of each.uses) {
        const key = target.includes("/") ? target : `${stack.name}/${target}`;
        if (!all.has(key)) continue;
        from.uses.add(key);
        all.get(key).usedBy.add(`${stack.name}/${each.address}`);
      }
    }
  }
  for (const line of lines()) {
    const found = all.get(`${line.stack}/${line.address}`);
    if (found) found.usd = (found.usd || 0) + (highOf(line) || 0);
  }
  return all;
}

function architecturePart() {
  const section = sectionOf("architecture", "Architecture", "What the code declares: stacks, constructs and resources. An arrow leads from a resource to what it depends on.");
  if (!content("architecture") || !stacks().length) return section;
  const all = indexed();
  const names = [...new Set(stacks().map((each) => each.environment))];
  const place = { environment: names[0], stack: "", path: "" };
  let selected = "";
  const unfolded = new Set();
  let drawing = null;
  const canvas = h("div", { class: "graph" });
  const crumbs = h("ol", { class: "crumbs", "aria-label": "Level" });
  const side = h("div", { class: "arch-side", tabindex: "0", role: "region", "aria-label": "Boxes of the drawing, and details" });
  const found = h("datalist", { id: "resources" });
  const search = h("input", { class: "field", type: "search", list: "resources", placeholder: "Address, type or name", onchange: (event) => jump(event.target.value) });
  search.addEventListener("input", () => { if (all.has(search.value)) jump(search.value); });
  for (const key of all.keys()) found.append(h("option", { value: key }));

  const members = () => [...all.values()].filter((each) => each.environment === place.environment && (!place.stack || each.stack === place.stack) && isBelow(each.path, place.path));
  const isBelow = (path, parent) => !parent || path === parent || path.startsWith(`${parent}/`);

  /** The box of the present level that a resource is in; of resources elsewhere, its stack or construct. */
  function boxOf(each) {
    if (each.environment !== place.environment) return null;
    if (!place.stack) return { id: each.stack, kind: "stack" };
    if (each.stack !== place.stack) return { id: each.stack, kind: "elsewhere" };
    if (!isBelow(each.path, place.path)) return { id: each.path.split("/")[0], kind: "elsewhere" };
    const inside = each.path.slice(place.path ? place.path.length + 1 : 0).split("/");
    const head = [place.path, inside[0]].filter(Boolean).join("/");
    return inside.length > 1 ? { id: head, kind: "construct" } : { id: keyOfResource(each), kind: "resource" };
  }
  const keyOfResource = (each) => `${each.stack}/${each.address}`;

  function level() {
    const boxes = new Map();
    const edges = new Map();
    const add = (each) => {
      const box = boxOf(each);
      if (!box) return null;
      const made = boxes.get(box.id) || { ...box, members: [], name: box.id };
      boxes.set(box.id, made);
      return made;
    };
    for (const each of members()) add(each).members.push(each);
    // A construct of one resource is that resource.
    for (const box of boxes.values()) {
      if (box.kind === "construct" && box.members.length === 1) box.single = box.members[0];
    }
    for (const each of members()) {
      const from = add(each);
      for (const key of each.uses) {
        const to = add(all.get(key));
        if (to && to !== from) edges.set(`${from.id} ${to.id}`, [from.id, to.id]);
      }
      for (const key of each.usedBy) {
        const user = add(all.get(key));
        if (user && user !== from) edges.set(`${user.id} ${from.id}`, [user.id, from.id]);
      }
    }
    if (!place.stack) {
      for (const stack of stacks()) {
        if (stack.environment !== place.environment) continue;
        if (!boxes.has(stack.name)) boxes.set(stack.name, { id: stack.name, kind: "stack", members: [], name: stack.name });
        for (const other of stack.dependencies) edges.set(`${stack.name} ${other}`, [stack.name, other]);
      }
    }
    return fold([...boxes.values()], [...edges.values()].filter(([from, to]) => boxes.has(from) && boxes.has(to)));
  }

  /** One box for three or more resources of one type with the same neighbours, until it is opened. */
  function fold(boxes, edges) {
    const near = new Map(boxes.map((box) => [box.id, []]));
    for (const [from, to] of edges) {
      near.get(from).push(`> ${to}`);
      near.get(to).push(`< ${from}`);
    }
    const alike = new Map();
    for (const box of boxes) {
      const only = box.single || (box.kind === "resource" ? box.members[0] : null);
      if (!only || box.kind === "elsewhere") continue;
      const key = `${only.type} ${near.get(box.id).sort().join()}`;
      alike.set(key, [...(alike.get(key) || []), box]);
    }
    const into = new Map();
    const folded = [];
    for (const [key, found] of alike) {
      const id = `${place.stack}/${place.path}: ${key}`;
      if (found.length < 3 || unfolded.has(id) || found.some((box) => box.members.some((each) => keyOfResource(each) === selected))) continue;
      folded.push({ id, kind: "alike", name: id, members: found.flatMap((box) => box.members) });
      for (const box of found) into.set(box.id, id);
    }
    const moved = new Map(edges.map(([from, to]) => [into.get(from) || from, into.get(to) || to]).map((edge) => [edge.join("\n"), edge]));
    return { boxes: [...boxes.filter((box) => !into.has(box.id)), ...folded], edges: [...moved.values()] };
  }

  /** The path of a resource below the present level. */
  const shortPath = (each) => (place.path && each.path.startsWith(`${place.path}/`) ? each.path.slice(place.path.length + 1) : each.path);

  function describe(box) {
    const first = box.single || (box.kind === "resource" ? box.members[0] : null);
    const cost = sum(box.members, (each) => each.usd);
    const count = box.members.length;
    if (box.kind === "alike") {
      const names = box.members.map(shortPath);
      return { name: `${names[0]} … ${names[names.length - 1]}`, note: `${number(count)} x ${box.members[0].type.replace("aws_", "")}`, cost, category: categoryOf(box.members[0].type), isGroup: true };
    }
    const name = box.kind === "stack" ? box.id.replace(`${place.environment}-`, "") : box.kind === "elsewhere" ? box.id : first ? shortPath(first) : box.id.split("/").pop();
    const note = box.kind === "elsewhere" ? (stacks().some((each) => each.name === box.id) ? "other stack" : "other construct") : first ? first.type.replace("aws_", "") : plural(count, "resource");
    return { name, note, cost, category: first ? categoryOf(first.type) : box.kind === "elsewhere" ? "other" : mainCategory(box.members), isGroup: !first };
  }

  function open(box) {
    if (box.kind === "stack") Object.assign(place, { stack: box.id, path: "" });
    else if (box.kind === "elsewhere") {
      if (stacks().some((each) => each.name === box.id)) Object.assign(place, { stack: box.id, path: "" });
      else place.path = box.id;
    } else if (box.kind === "alike") unfolded.add(box.id);
    else if (box.kind === "construct" && !box.single) place.path = box.id;
    else { select(keyOfResource(box.single || box.members[0])); return; }
    selected = "";
    draw();
    announce(`${place.path || place.stack}: ${plural(members().length, "resource")}.`);
  }

  // A change is reported again when the field loses the focus.
  let searched = "";
  function jump(text) {
    if (text === searched) return;
    searched = text;
    const wanted = text.trim().toLowerCase();
    if (!wanted) return;
    const key = all.has(text) ? text : [...all.keys()].find((each) => each.toLowerCase().includes(wanted)) ||
      [...all.values()].filter((each) => `${each.path} ${each.name || ""}`.toLowerCase().includes(wanted)).map(keyOfResource)[0];
    if (key) goTo(key);
    else announce("No resource matches.");
  }

  function goTo(key) {
    const each = all.get(key);
    const steps = each.path.split("/");
    Object.assign(place, { environment: each.environment, stack: each.stack, path: steps.slice(0, -1).join("/") });
    if (members().length < 2) place.path = steps.slice(0, -2).join("/");
    selected = key;
    draw();
    announce(`${each.address} in ${each.stack}.`);
  }

  function select(key) {
    selected = key;
    drawSide();
    if (drawing) mark();
  }

  function mark() {
    drawing.elements().removeClass("faded chosen");
    const box = selected && boxOf(all.get(selected));
    const node = box && drawing.getElementById(box.id);
    if (!node || !node.length) return;
    drawing.elements().not(node.closedNeighborhood()).addClass("faded");
    node.addClass("chosen");
  }

  function drawCrumbs() {
    const steps = [[place.environment, { stack: "", path: "" }]];
    if (place.stack) steps.push([place.stack, { stack: place.stack, path: "" }]);
    const parts = place.path ? place.path.split("/") : [];
    parts.forEach((name, index) => steps.push([name, { stack: place.stack, path: parts.slice(0, index + 1).join("/") }]));
    crumbs.replaceChildren(...steps.map(([name, to], index) => h("li", {}, index === steps.length - 1 ? h("span", { "aria-current": "true", text: name })
      : h("button", { class: "link", type: "button", text: name, onclick: () => { Object.assign(place, to); selected = ""; draw(); } }))));
  }

  const item = (name, note, value, onclick, current = false) => h("li", {}, h("button", { class: "item", type: "button", onclick, "aria-current": current ? "true" : null },
    h("span", { class: "name", text: name }), h("span", { class: "value", text: value }), note ? h("span", { class: "note", text: note }) : null));

  function drawSide() {
    const { boxes } = level();
    const shown = boxes.filter((box) => box.kind !== "elsewhere").map((box) => [box, describe(box)]).sort(([, one], [, other]) => other.cost - one.cost || one.name.localeCompare(other.name, "en", { numeric: true }));
    const focus = document.activeElement && side.contains(document.activeElement);
    side.replaceChildren(
      ...(selected ? details(all.get(selected)) : []),
      h("h3", { text: `${place.path || place.stack || place.environment}: ${plural(members().length, "resource")}` }),
      h("ul", {}, shown.map(([box, about]) => item(about.name, about.note, about.cost ? `${usd(about.cost)}/mo` : "", () => open(box),
        selected && boxOf(all.get(selected)).id === box.id))));
    if (focus) side.focus();
  }

  function details(each) {
    const list = (title, keys) => keys.size ? [h("h3", { text: `${title} (${number(keys.size)})` }), h("ul", {}, [...keys].sort().map((key) =>
      item(shortAddress(all.get(key).address), all.get(key).stack === each.stack ? "" : all.get(key).stack, "", () => goTo(key))))] : [];
    const fact = (name, value) => (value ? [h("dt", { text: name }), h("dd", { text: value })] : []);
    return [
      h("h3", { text: shortAddress(each.address) }),
      h("dl", {}, fact("Type", each.type), fact("Name", each.name), fact("Stack", each.stack), fact("Construct", each.path),
        fact("Owner", each.owner), fact("Experiment", each.experiment), fact("Cost", isNumber(each.usd) ? `up to ${usd(each.usd)} a month` : "")),
      ...list("Depends on", each.uses), ...list("Used by", each.usedBy),
    ];
  }

  function draw() {
    drawCrumbs();
    drawSide();
    if (drawing) drawGraph();
    environmentButtons.forEach((button, index) => button.setAttribute("aria-pressed", String(names[index] === place.environment)));
  }

  /** Readable text, with the selected or the dearest box in the middle: the rest is reached by dragging. */
  function focusOn(boxes) {
    const chosen = selected && boxOf(all.get(selected));
    const dearest = boxes.slice().sort((one, other) => sum(other.members, (each) => each.usd) - sum(one.members, (each) => each.usd))[0];
    drawing.zoom(READABLE);
    drawing.center(drawing.getElementById((chosen || dearest).id));
  }

  function drawGraph() {
    const { boxes, edges } = level();
    const known = new Map(boxes.map((box) => [box.id, box]));
    canvas.setAttribute("aria-label", `Graph of ${place.path || place.stack || place.environment}: ${plural(boxes.length, "box", "boxes")}, ${plural(edges.length, "dependency", "dependencies")}. The list beside it contains the same boxes.`);
    const tints = Object.fromEntries(CATEGORIES.map(([name]) => [name, colour(name)]));
    drawing.elements().remove();
    drawing.add([
      ...boxes.map((box) => {
        const about = describe(box);
        return { data: { id: box.id, label: [about.name, about.note, about.cost ? `${usd(about.cost)} a month` : ""].filter(Boolean).join("\n"), tint: tints[about.category] }, classes: `${about.isGroup ? "group" : ""} ${box.kind === "elsewhere" ? "elsewhere" : ""}` };
      }),
      ...edges.map(([from, to]) => ({ data: { id: `${from} ${to}`, source: from, target: to } })),
    ]);
    drawing.style(graphStyle());
    const arrange = (rankDir) => {
      drawing.layout({ name: "dagre", rankDir, nodeSep: 16, rankSep: rankDir === "LR" ? 56 : 44, edgeSep: 6, animate: false, fit: true, padding: 28 }).run();
      return drawing.zoom();
    };
    // The direction in which the drawing is larger; many boxes take long to arrange.
    if (boxes.length > 150) arrange("LR");
    else if (arrange("TB") > arrange("LR")) arrange("TB");
    if (drawing.zoom() > 1.2) { drawing.zoom(1.2); drawing.center(); }
    if (drawing.zoom() < READABLE) focusOn(boxes);
    drawing.off("tap").on("tap", "node", (event) => open(known.get(event.target.id())));
    drawing.on("tap", (event) => { if (event.target === drawing && selected) select(""); });
    mark();
  }

  const zoom = (factor) => drawing && drawing.zoom({ level: drawing.zoom() * factor, renderedPosition: { x: canvas.clientWidth / 2, y: canvas.clientHeight / 2 } });
  const tool = (text, label, onclick) => h("button", { class: "button", type: "button", text, "aria-label": label, title: label, onclick });
  const environmentButtons = names.map((name) => h("button", { type: "button", text: name, onclick: () => { Object.assign(place, { environment: name, stack: "", path: "" }); selected = ""; draw(); } }));

  whenSeen(canvas, () => {
    cytoscape.use(cytoscapeDagre);
    canvas.setAttribute("role", "img");
    drawing = cytoscape({ container: canvas, minZoom: 0.08, maxZoom: 3, boxSelectionEnabled: false, autoungrabify: false, userZoomingEnabled: true });
    drawing.on("mouseover", "node", () => canvas.style.setProperty("cursor", "pointer")).on("mouseout", "node", () => canvas.style.removeProperty("cursor"));
    new ResizeObserver(() => drawing.resize()).observe(canvas);
    themed(drawGraph);
  });
  draw();
  section.append(h("div", { class: "panel" }, ...remarks("architecture"),
    h("div", { class: "tools" }, names.length > 1 ? h("div", { class: "segmented", role: "group", "aria-label": "Environment" }, environmentButtons) : null, crumbs,
      h("div", { class: "spread" }, h("label", { class: "inline search" }, h("span", { text: "Find" }), search), found)),
    h("div", { class: "arch" },
      h("div", { class: "arch-graph" }, canvas,
        h("div", { class: "legend", "aria-hidden": "true" }, CATEGORIES.slice(0, -1).map(([name, label]) => h("span", {}, h("i", { "--tint": `var(--${name})` }), label))),
        h("div", { class: "graph-tools" }, tool("−", "Zoom out", () => zoom(1 / 1.3)), tool("+", "Zoom in", () => zoom(1.3)), tool("Fit", "Fit the drawing", () => drawing && drawing.fit(undefined, 36)))),
      side)));
  return section;
}

function mainCategory(members) {
  const cost = new Map();
  for (const each of members) {
    const name = categoryOf(each.type);
    cost.set(name, (cost.get(name) || 0) + (each.usd || 0) + 0.001);
  }
  return [...cost].sort(([, one], [, other]) => other - one).map(([name]) => name)[0] || "other";
}

function graphStyle() {
  return [
    { selector: "node", style: {
      shape: "round-rectangle", width: 168, height: 54, "background-color": colour("surface"), "border-width": 1.5, "border-color": "data(tint)",
      label: "data(label)", "text-valign": "center", "text-halign": "center", "text-wrap": "wrap", "text-max-width": 156, "text-overflow-wrap": "anywhere",
      "font-size": 11.5, "line-height": 1.25, "font-family": getComputedStyle(document.body).fontFamily, color: colour("text") } },
    { selector: "node.group", style: { "border-width": 2.5, "font-size": 12, height: 64 } },
    { selector: "node.elsewhere", style: { "border-style": "dashed", "border-color": colour("line-strong"), color: colour("muted"), "background-color": colour("bg"), height: 44 } },
    { selector: "node.chosen", style: { "background-color": colour("accent-soft"), "border-color": colour("accent"), "border-width": 3 } },
    { selector: "edge", style: { width: 1.4, "line-color": colour("line-strong"), "target-arrow-color": colour("line-strong"), "target-arrow-shape": "triangle", "arrow-scale": 0.85, "curve-style": "bezier", opacity: 0.75 } },
    { selector: ".faded", style: { opacity: 0.22 } },
  ];
}
