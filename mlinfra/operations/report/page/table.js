// Tables with sorting, search, filters, and a download as CSV.
const PAGE = 25;
let tables = 0;

/**
 * A table.
 * columns: {label, value(row) to sort and search by, cell(row) to show, n: figures, wide, down: sort descending first,
 *   hidden: only searched and downloaded}; hidden columns are last
 * filters: {label, value(row): text or texts}; toggles: {label, test(row)}
 * Returns {element, show({toggle, filters, text})}, which sets the filters from elsewhere on the page.
 */
function dataTable({ caption, noun, columns, rows, filters = [], toggles = [], sort = null, empty, search = true, file = "" }) {
  const id = `table-${(tables += 1)}`;
  const state = { text: "", chosen: filters.map(() => ""), on: new Set(), sort, limit: PAGE };
  const shownText = new Map(rows.map((row) => [row, columns.map((each) => plainText(each.value(row))).join(" ").toLowerCase()]));
  const body = h("tbody");
  const status = h("span", { role: "status" });
  const more = h("button", { class: "button", type: "button", onclick: () => { state.limit = Infinity; draw(); } });
  const visible = columns.filter((each) => !each.hidden);
  const heads = visible.map((each, index) =>
    h("th", { scope: "col", class: each.n ? "n" : null }, h("button", {
      type: "button", text: each.label, onclick: () => {
        const down = state.sort && state.sort.index === index ? !state.sort.down : Boolean(each.down || each.n);
        state.sort = { index, down };
        draw();
        announce(`Sorted by ${each.label}, ${down ? "descending" : "ascending"}.`);
      },
    })));

  const field = h("input", { class: "field", type: "search", placeholder: "Filter by any text", oninput: (event) => {
    state.text = event.target.value.trim().toLowerCase();
    draw();
  } });
  const selects = filters.map((each, index) => {
    const counts = new Map();
    for (const row of rows) for (const value of some(each.value(row))) counts.set(value, (counts.get(value) || 0) + 1);
    const options = [...counts].sort(([one], [other]) => one.localeCompare(other));
    return h("select", { class: "field", onchange: (event) => { state.chosen[index] = event.target.value; draw(); } },
      h("option", { value: "", text: "All" }),
      options.map(([value, count]) => h("option", { value, text: `${value} (${number(count)})` })));
  });
  const buttons = toggles.map((each, index) =>
    h("button", { class: "button", type: "button", "aria-pressed": "false", text: `${each.label} (${number(rows.filter(each.test).length)})`,
      onclick: () => { state.on.has(index) ? state.on.delete(index) : state.on.add(index); draw(); } }));
  const reset = h("button", { class: "button plain", type: "button", text: "Clear filters", onclick: () => { show({}); region.focus(); } });

  const passes = (row) =>
    state.chosen.every((value, index) => !value || some(filters[index].value(row)).includes(value)) &&
    [...state.on].every((index) => toggles[index].test(row)) &&
    state.text.split(/\s+/).every((word) => shownText.get(row).includes(word));

  function matching() {
    const found = rows.filter(passes);
    if (!state.sort) return found;
    const { index, down } = state.sort;
    const value = columns[index].value;
    return found.map((row) => [value(row), row]).sort(([one], [other]) => compare(one, other, down)).map(([, row]) => row);
  }

  function draw() {
    const found = matching();
    const shown = found.slice(0, state.limit);
    body.replaceChildren(...shown.map((row) => h("tr", {}, visible.map((each, index) =>
      h(index ? "td" : "th", { scope: index ? null : "row", class: [each.n ? "n" : "", each.wide ? "wide" : ""].join(" ").trim() || null },
        some(each.cell ? each.cell(row) : plainText(each.value(row))))))));
    if (!found.length) {
      body.append(h("tr", {}, h("td", { colspan: visible.length, class: "empty",
        text: rows.length ? "No row matches the filters." : empty })));
    }
    heads.forEach((head, index) => {
      if (state.sort && state.sort.index === index) head.setAttribute("aria-sort", state.sort.down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    buttons.forEach((button, index) => button.setAttribute("aria-pressed", String(state.on.has(index))));
    selects.forEach((select, index) => { select.value = state.chosen[index]; });
    reset.hidden = !(state.text || state.on.size || state.chosen.some(Boolean));
    status.textContent = found.length === rows.length
      ? plural(rows.length, noun[0], noun[1]) : `${number(found.length)} of ${plural(rows.length, noun[0], noun[1])}`;
    more.hidden = shown.length === found.length;
    more.textContent = `Show all ${number(found.length)}`;
  }

  function show({ toggle = null, chosen = {}, text = "" }) {
    state.text = text.toLowerCase();
    field.value = text;
    state.on = new Set(toggle === null ? [] : [toggles.findIndex((each) => each.label === toggle)].filter((index) => index >= 0));
    state.chosen = filters.map((each) => chosen[each.label] || "");
    state.limit = PAGE;
    draw();
  }

  const csv = h("button", { class: "button", type: "button", text: "CSV", "aria-label": `Download as CSV: ${caption}`,
    onclick: () => download(`${file || "table"}.csv`, columns, matching()) });
  const isLong = rows.length > 5 && search;
  const hasTools = search && rows.length > 1;
  const region = h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `${caption}, table` },
    h("table", {}, h("caption", { text: caption }), h("thead", {}, h("tr", {}, heads)), body));
  const element = h("div", { id },
    hasTools ? h("div", { class: "tools" },
      isLong ? h("label", { class: "inline search" }, h("span", { text: "Search" }), field) : null,
      (isLong ? selects : []).map((select, index) => h("label", { class: "inline" }, h("span", { text: filters[index].label }), select)),
      buttons.length ? h("div", { class: "group" }, buttons) : null, reset,
      file ? h("div", { class: "spread" }, csv) : null) : null,
    region,
    hasTools ? h("div", { class: "foot" }, status, more) : null);
  draw();
  return { element, show };
}

const plainText = (value) => (value === null || value === undefined ? "—" : value instanceof Date ? time(value) : Array.isArray(value) ? value.join(", ") : String(value));

/** Unknown values are last in both directions. */
function compare(one, other, down) {
  const missing = (value) => value === null || value === undefined || value === "";
  if (missing(one) || missing(other)) return missing(one) - missing(other);
  const order = isNumber(one) && isNumber(other) ? one - other
    : one instanceof Date && other instanceof Date ? one - other
    : plainText(one).localeCompare(plainText(other), "en", { numeric: true });
  return down ? -order : order;
}

/** Values that a spreadsheet would run as a formula get an apostrophe. */
function csvCell(value) {
  const text = value === null || value === undefined ? "" : isNumber(value) ? String(value) : plainText(value);
  const safe = !isNumber(value) && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function download(name, columns, rows) {
  const lines = [columns.map((each) => csvCell(each.label)), ...rows.map((row) => columns.map((each) => csvCell(each.value(row))))];
  const url = URL.createObjectURL(new Blob([`${lines.map((line) => line.join(",")).join("\r\n")}\r\n`], { type: "text/csv" }));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}
