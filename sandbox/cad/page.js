// The page asks for the whole board a little more than once a second and redraws when it
// differs. All text goes through textContent: nothing that a caller says can become markup.
"use strict";

const POLL_MS = 700;
const CHANGES = {
  "call new": "new call",
  "call edit": "edited call",
  "call closed": "closed call",
  note: "note on",
  attach: "attached to",
  detach: "taken off",
  "911 new": "new 911",
  "911 removed": "removed 911",
  login: "on duty",
  logout: "off duty",
  status: "changed status",
  update: "moved",
  panic: "panic button",
  "group add": "joined a group",
  "group remove": "left its group",
  "group rename": "has a renamed group",
};
const byId = (id) => document.getElementById(id);

let drawn = "";
let known = null; // keys seen in the last drawing, to let new things flash

function element(tag, className, text, data = {}) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined && text !== null) made.textContent = text;
  Object.assign(made.dataset, data);
  return made;
}

function filled(parent, ...children) {
  parent.append(...children.filter(Boolean));
  return parent;
}

function statusClass(status) {
  return "status s-" + status.toLowerCase().replaceAll(" ", "-");
}

function unitRow(unit, primary) {
  const row = element("li", "unit", null, { ident: unit.ident });
  const number = element("b", "number", unit.unitNum);
  if (unit.ident === primary) {
    number.append(element("i", "primary", "★"));
    number.title = "primary unit";
  }
  return filled(
    row,
    number,
    element("span", "name", unit.name),
    element("span", statusClass(unit.status), unit.status),
  );
}

function place(text, postal, code) {
  const where = [text, postal && `postal\u00a0${postal}`].filter(Boolean).join(" · ");
  return filled(
    element("p", "place"),
    code ? element("span", "code", code) : null,
    element("span", "where", where),
  );
}

// A community with one server needs no name for it.
function serverChip(entry) {
  return byId("server").options.length > 1 ? element("span", "chip", entry.server) : null;
}

function callCard(call) {
  const card = element("article", `card priority-${call.priority}`, null, {
    call: call.callId,
    server: call.serverId,
  });
  const head = filled(
    element("header"),
    element("span", "id", `#${call.callId}`),
    element("span", "title", call.title),
    serverChip(call),
    element("span", "id", call.shownNumber),
    element("span", "priority", Number(call.priority) ? `P${call.priority}` : call.priority),
  );
  const units = filled(element("ul", "units"), ...call.units.map((u) => unitRow(u, call.primary)));
  if (!call.units.length) units.append(element("li", "empty", "no units yet"));
  const values = Object.entries(call.values ?? {}).map(([name, value]) =>
    filled(element("li"), element("b", "", name), element("span", "", value)),
  );
  const notes = call.notes.slice(-3).map((note) =>
    filled(
      element("li"),
      element("time", "", note.time),
      element("b", "", note.label),
      element("span", "", note.content),
    ),
  );
  return filled(
    card,
    head,
    place(call.place, call.postal, call.code),
    element("p", "description", call.description),
    values.length ? filled(element("ul", "notes"), ...values) : null,
    units,
    notes.length ? filled(element("ul", "notes"), ...notes) : null,
  );
}

function emergencyCard(call) {
  const kind = call.isEmergency ? "911" : "civil";
  const card = element("article", `card emergency ${kind}`, null, {
    emergency: call.callId,
    server: call.serverId,
  });
  return filled(
    card,
    filled(
      element("header"),
      element("span", "id", `${kind} #${call.callId}`),
      element("span", "title", call.caller),
      serverChip(call),
    ),
    place(call.location, call.metaData.postal),
    element("p", "description", call.description),
  );
}

function dutyRow(unit) {
  const on = unit.callId === null ? "free" : `#${unit.callId}`;
  return filled(
    element("li", unit.callId === null ? "duty" : "duty busy", null, { ident: unit.ident }),
    element("b", "number", unit.unitNum),
    element("span", "name", unit.name),
    element("span", "department", unit.isDispatch ? "dispatcher" : unit.group || unit.department),
    element("span", statusClass(unit.status), unit.status),
    element("span", "on", unit.isDispatch ? "" : on),
  );
}

function accountRow(account) {
  const isValid = account.status === "validated";
  const button = element("button", "", isValid ? "ban" : "restore");
  button.addEventListener("click", () => press(`/board/accounts/${account.uuid}/ban`));
  const permissions = account.isOwner ? "owner" : account.permissions.join(", ");
  return filled(
    element("li", isValid ? "account" : "account barred", null, { account: account.username }),
    element("b", "number", account.username),
    element("span", "name", account.hasDiscord ? "Discord linked" : ""),
    element("span", "permissions", permissions),
    element("span", "status", account.status),
    button,
  );
}

// The units of each server follow each other.
function unitRows(board) {
  const heading = (unit) => filled(element("li", "duty"), serverChip(unit));
  const isFirst = (unit, place) => unit.serverId !== board.units[place - 1]?.serverId;
  return board.units.flatMap((unit, place) =>
    board.servers.length > 1 && isFirst(unit, place) ? [heading(unit), dutyRow(unit)] : [dutyRow(unit)],
  );
}

function requestRow(request) {
  const outcome = request.status === null ? "open" : request.status < 400 ? "good" : "bad";
  const row = element("li", `request ${outcome}`, null, {
    type: request.type,
    status: request.status ?? "",
  });
  const sent = request.objects.map((object) => JSON.stringify(object)).join(" ");
  const answer = element("span", "answer", request.text || (request.status ? "" : "not answered yet"));
  const data = element("span", "data", sent);
  data.title = sent;
  answer.title = request.text;
  return filled(
    row,
    element("time", "", request.at),
    element("span", "type", request.type),
    element("span", "path", request.path),
    data,
    element("span", "code", request.status ?? "…"),
    filled(
      element("span", "outcome"),
      request.fault ? element("span", "fault", request.fault) : null,
      answer,
    ),
  );
}

function changeRow(change) {
  const number = change.callId === null ? "" : `#${change.callId}`;
  return filled(
    element("li"),
    element("time", "", change.at),
    change.units.length ? element("b", "", change.units.join(" ")) : null,
    element("span", "", `${CHANGES[change.kind]} ${number}`.trim()),
  );
}

function fill(id, rows, empty) {
  byId(id).replaceChildren(...(rows.length ? rows : [element("p", "empty", empty)]));
}

function flashNew() {
  const keys = new Set();
  for (const row of document.querySelectorAll("[data-call], [data-emergency], .unit")) {
    const card = row.parentElement.closest("[data-call]");
    const key = [card?.dataset.call, ...Object.entries(row.dataset).flat()].join("/");
    keys.add(key);
    if (known && !known.has(key)) row.classList.add("new");
  }
  known = keys;
}

function showServers(servers) {
  const list = byId("server");
  if (list.options.length === servers.length) return;
  list.replaceChildren(...servers.map((one) => new Option(one.name, one.id)));
  list.hidden = servers.length < 2;
}

function draw(board) {
  showServers(board.servers);
  byId("community").textContent = `community ${board.community}`;
  byId("key").textContent = `API key ${board.key}`;
  byId("silent-count").textContent = `${board.silentConnections} open`;
  byId("plan").textContent = `plan ${board.plan.toLowerCase()}`;
  for (const name of ["calls", "emergencies", "units", "accounts"]) {
    byId(`${name}-count`).textContent = board[name].length;
  }
  fill("calls", board.calls.map(callCard), "No call is open.");
  fill("emergencies", board.emergencies.map(emergencyCard), "No 911 calls.");
  fill("units", unitRows(board), "No units on duty.");
  fill("accounts", board.accounts.map(accountRow), "The community has no account.");
  fill("changes", board.changes.map(changeRow), "Nothing yet.");
  fill("requests", board.requests.map(requestRow), "Nothing was asked yet. Run a command in Discord.");
  for (const button of document.querySelectorAll("[data-switch]")) {
    button.classList.toggle("on", board.switched.includes(button.dataset.switch));
  }
  for (const button of document.querySelectorAll("[data-api]")) {
    button.classList.toggle("on", board.api === button.dataset.api);
  }
  flashNew();
  showState(board.switched[0] === "normal" ? "live" : "disturbed");
}

function showState(state) {
  byId("state").textContent = state === "down" ? "down: refusing connections" : state;
  document.body.dataset.state = state;
}

function showDown() {
  showState("down");
  for (const button of document.querySelectorAll("[data-switch]")) {
    button.classList.toggle("on", button.id === "fault-down");
  }
}

async function refresh() {
  try {
    const answer = await fetch(byId("polls").checked ? "/board.json?polls=1" : "/board.json");
    const text = await answer.text();
    if (text !== drawn || document.body.dataset.state === "down") {
      draw(JSON.parse(text));
      drawn = text;
    }
  } catch {
    showDown();
  }
}

async function live() {
  await refresh();
  setTimeout(live, POLL_MS);
}

async function press(path) {
  try {
    await fetch(path, { method: "POST" });
  } catch {
    showDown();
  }
  await refresh();
}

for (const button of document.querySelectorAll("[data-switch]")) {
  button.addEventListener("click", () => press(`/board/faults/${button.dataset.switch}`));
}
for (const button of document.querySelectorAll("[data-api]")) {
  button.addEventListener("click", () => press(`/board/api/${button.dataset.api}`));
}
for (const button of document.querySelectorAll("[data-post]")) {
  button.addEventListener("click", () => press(`${button.dataset.post}?server=${byId("server").value}`));
}
byId("polls").addEventListener("change", refresh);
live();
