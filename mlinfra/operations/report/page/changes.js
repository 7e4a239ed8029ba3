// Drift, and approvals of findings.
const driftReports = () => (content("drift") ? content("drift").reports : []);
const differences = () => driftReports().flatMap((report) => report.stacks.flatMap((stack) =>
  stack.differences.map((each) => ({ ...each, stack: stack.name, environment: report.environment }))));
const realDrift = () => differences().filter((each) => each.status === "drift");

function driftPart() {
  const section = sectionOf("drift", "Drift", "Differences between AWS and the state of Terraform, and the command that reverts each.");
  if (!content("drift")) return section;
  const checked = driftReports().map((report) => `${report.environment}: ${time(at(report.created))}`).join("; ");
  const problems = driftReports().flatMap((report) => report.stacks.flatMap((stack) =>
    stack.problems.map((text) => h("p", { class: "remark warn", text: `The check of ${stack.name} failed: ${text}` }))));
  const table = dataTable({
    caption: "Differences", noun: ["difference", "differences"], rows: differences(), file: "drift", sort: { index: 0, down: false }, empty: "No drift was found.",
    filters: [{ label: "Environment", value: (each) => each.environment }, { label: "Status", value: (each) => each.status }],
    toggles: [{ label: "New", test: (each) => each.new && each.status === "drift" }],
    columns: [
      { label: "Resource", value: (each) => each.address, cell: (each) => noted(shortAddress(each.address), each.stack) },
      { label: "Attribute", value: (each) => each.attribute, cell: (each) => [h("span", { class: "code", text: each.attribute }), h("span", { class: "note", text: each.kind })] },
      { label: "In the state", wide: true, value: (each) => shownValue(each.before), cell: (each) => h("span", { class: "code", text: shownValue(each.before) }) },
      { label: "In AWS", wide: true, value: (each) => shownValue(each.after), cell: (each) => h("span", { class: "code", text: shownValue(each.after) }) },
      { label: "Changed by", wide: true, value: (each) => changedBy(each), cell: (each) => changedBy(each) || "—" },
      { label: "Status", value: (each) => each.status, cell: (each) => each.status === "drift" ? [tag(each.new ? "new" : "known", "warn"), each.revert ? h("span", { class: "note", text: each.revert }) : null] : noted(each.status, each.reason) },
    ],
  });
  part("drift").table = table;
  section.append(h("div", { class: "panel" }, ...remarks("drift"), ...problems,
    h("p", { class: "remark", text: `Checked on ${checked}.` }), table.element));
  return section;
}

function shownValue(value) {
  if (value === null || value === undefined) return "not set";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 300 ? `${text.slice(0, 299)}…` : text || '""';
}

function changedBy(each) {
  if (!each.who) return null;
  return each.who.events.length ? each.who.events.map((event) => `${event.principal}, ${event.event}, ${day(event.at)}`).join("; ") : `unknown: ${each.who.unknown}`;
}

const heldFindings = () => (content("approvals") ? content("approvals").findings.filter((each) => each.level === "hold" && !each.approved_by) : []);
const recorded = () => (content("approvals") ? content("approvals").approvals : []);

function approvalsPart() {
  const section = sectionOf("approvals", "Approvals", "Changes that the review holds until a reviewer approves them, and approvals in the repository.");
  const found = content("approvals");
  if (!found) return section;
  const held = dataTable({
    caption: "Held changes", noun: ["held change", "held changes"], rows: heldFindings(), file: "held", sort: { index: 1, down: false },
    empty: found.reviewed.length ? "No change waits for an approval." : "No plan was reviewed.",
    columns: [
      { label: "Finding", value: (each) => `${each.id} ${each.digest}`, cell: (each) => noted(each.id, each.digest) },
      { label: "Resource", value: (each) => each.address, cell: (each) => noted(shortAddress(each.address), each.stack) },
      { label: "Fact", wide: true, value: (each) => each.text, cell: (each) => noted(each.text, each.fix) },
      { label: "Approve with", wide: true, value: (each) => each.approve, cell: (each) => code(each.approve) },
    ],
  });
  section.append(h("div", { class: "panel" }, ...remarks("approvals"),
    h("div", { class: "panel-head" }, h("h3", { text: "Waiting for an approval" }),
      h("span", { class: "quiet small", text: found.reviewed.length ? `Reviewed: ${found.reviewed.join(", ")}` : "" })),
    found.reviewed.length ? null : h("div", { class: "panel-body" }, h("p", { class: "quiet", text: "No saved plan was found. A plan and its review show which changes wait:" }), command(found.command)),
    found.reviewed.length ? held.element : null));
  if (recorded().length) {
    section.append(h("div", { class: "panel" }, h("div", { class: "panel-head" }, h("h3", { text: "Recorded approvals" })), dataTable({
      caption: "Recorded approvals", noun: ["approval", "approvals"], rows: recorded(), file: "approvals", sort: { index: 4, down: false }, empty: "None.",
      columns: [
        { label: "Resource", value: (each) => each.address, cell: (each) => noted(shortAddress(each.address), each.stack) },
        { label: "Finding", value: (each) => each.finding, cell: (each) => noted(each.finding, each.digest) },
        { label: "Approved by", value: (each) => each.who }, { label: "Reason", wide: true, value: (each) => each.reason },
        { label: "Valid until", value: (each) => endOf(each.until), cell: (each) => endOf(each.until) < created ? [tag("expired", "warn"), ` ${day(each.until)}`] : noted(day(each.until), when(endOf(each.until))) },
      ],
    }).element));
  }
  return section;
}
