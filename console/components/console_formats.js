// How values are written down in the browser. Pure: everything comes in, text goes out.

export function toMs(value) {
  if (value === null || value === undefined || value === "") return null;
  const ms = typeof value === "number" ? value * 1000 : Date.parse(value);
  return Number.isNaN(ms) ? null : ms;
}

// The hours count while the days are few: of "6 d", nobody knows whether a whole seventh is left.
function days(seconds) {
  const whole = Math.floor(seconds / 86400);
  const hours = Math.floor(seconds / 3600) % 24;
  return whole + " d" + (whole < 10 && hours ? ` ${hours} h` : "");
}

export function ago(at, now) {
  if (at === null) return "–";
  const seconds = Math.round((now - at) / 1000);
  const size = Math.abs(seconds);
  if (size < 2) return "now";
  const words =
    size < 60 ? size + " s" : size < 3600 ? Math.floor(size / 60) + " min"
    : size < 86400 ? Math.floor(size / 3600) + " h" : days(size);
  return seconds < 0 ? "in " + words : words + " ago";
}

// How long it has lasted, as it stands after a word: "Stuck 42 min".
export const age = (at, now) => (at === null || now - at < 2000 ? "a moment" : ago(at, now).replace(/ ago$/, ""));

// Until something happens: "in 30 s", and "now" from then on.
export const countdown = (at, now) => (at !== null && at <= now ? "now" : ago(at, now));

// When something is done that somebody has to take up: what is late was taken by nobody.
const LATE = 5000; // ms
export const due = (at, now) => (at !== null && now - at > LATE ? `was due ${ago(at, now)}; nobody took it` : countdown(at, now));

// What an element says of a moment in its data: `at`, how long ago; `until`, how soon; `for`, an age after a word;
// `since`, a duration.
export function ticking({ at, until, since, for: lasting }, now) {
  if (at) return ago(Number(at), now);
  if (until) return countdown(Number(until), now);
  return lasting ? age(Number(lasting), now) : duration(now - Number(since), true);
}

const ABSOLUTE = new Intl.DateTimeFormat(undefined, {
  year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short",
});
export const absolute = (at) => (at === null ? undefined : ABSOLUTE.format(at));
export const iso = (at) => (at === null ? undefined : new Date(at).toISOString());

// Moments within sentences, as phrases.said writes them: "2026-12-04 23:19 UTC".
const SAID = /\b(\d{4}-\d\d-\d\d) (\d\d:\d\d) UTC\b/g;
const SPOKEN = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const inZone = (draw) => (text) =>
  inOrder(text).replace(SAID, (written, day, time) => {
    const at = Date.parse(`${day}T${time}Z`);
    return Number.isNaN(at) ? written : draw(at);
  });

// In the viewer's zone, "5 Dec 00:19"; the year where it is not this one.
export function written(at) {
  const year = new Date(at).getFullYear() === new Date().getFullYear() ? undefined : "numeric";
  return new Intl.DateTimeFormat("en-GB", { ...SPOKEN, year }).format(at).replace(",", "");
}
export const spoken = inZone(written);

// For the hover: with the zone; nothing of a sentence without a moment.
export const spokenInFull = (text) => (String(text ?? "").search(SAID) < 0 ? undefined : inZone(absolute)(text));

const two = (n) => String(n).padStart(2, "0");

export function duration(ms, whole = false) {
  if (ms === null || ms === undefined) return "–";
  const s = Math.max(0, ms) / 1000;
  if (s < 1 && !whole) return Math.round(ms) + " ms";
  if (s < 60) return (whole ? Math.floor(s) : s.toFixed(1)) + " s";
  if (s < 3600) return Math.floor(s / 60) + "m " + two(Math.floor(s) % 60) + "s";
  if (s < 86400) return Math.floor(s / 3600) + "h " + two(Math.floor(s / 60) % 60) + "m";
  return Math.floor(s / 86400) + "d " + (Math.floor(s / 3600) % 24) + "h";
}

export const count = (n) => (n === null || n === undefined ? "–" : n.toLocaleString("en-US"));

export function word(status) {
  const text = String(status ?? "").replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

// "/executions/{id}" with the row's values, each escaped so that no value can change the path.
export const fill = (pattern, row) => pattern.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(row[name] ?? ""));

// What others have written, with a sign in the place of each character that would turn the direction of the text.
export const inOrder = (text) =>
  String(text ?? "").replace(/[\u202a-\u202e]/g, (each) => "⟨U+" + each.charCodeAt(0).toString(16).toUpperCase() + "⟩");

export const clip = (text, length = 2000) => {
  const all = inOrder(text);
  return all.length > length ? all.slice(0, length) + "…" : all;
};

// The end of a long id, where ids made in the same hour differ.
export const tail = (id) => (String(id).length > 16 ? "…" + String(id).slice(-8) : String(id));

// The colour of a row's edge: that of its second badge.
export const tone = (columns, row) => row[columns.find((c) => c.tone)?.tone] ?? undefined;

// Widths of columns in px: what each kind needs, and how it takes part in what is left over.
export const CHECK_WIDTH = 42;
const actionWidth = ({ label, worded }) => (worded ? 66 + Math.ceil(label.length * 7.4) : 34);
export const actionsWidth = (actions) => 24 + actions.reduce((sum, action) => sum + actionWidth(action), 0);
const LEAST = { status: 122, link: 150, text: 116, mono: 116, time: 104, duration: 86, progress: 90, number: 66, error: 220, id: 116 };
const STRETCH = { link: 7, text: 6, mono: 5, error: 18 };
const HEAD = (column) => 24 + Math.ceil(column.label.length * 7.2) + (column.sortable ? 22 : 0);
export const leastWidth = (column) =>
  column.width ?? Math.max(LEAST[column.kind] + (column.kind === "progress" && column.secondary ? 52 : 0), HEAD(column));

export const track = (column) =>
  column.width ? `${column.width}px` : `minmax(${leastWidth(column)}px, ${STRETCH[column.kind] ?? 1}fr)`;

// The groups that rows standing together make: by the id of each of their rows, its place in the group, and with the
// first one how many they are.
export function heads(rows, { key, noun }) {
  const found = {};
  for (let first = 0, end; first < rows.length; first = end) {
    for (end = first + 1; rows[first][key] && end < rows.length && rows[end][key] === rows[first][key]; end++);
    if (end - first < 2) continue;
    for (let i = first; i < end; i++) found[rows[i].id] = i > first ? "joined" : `${end - first} ${noun}`;
  }
  return found;
}

// What leads from one row to another, or null; a field that is missing in `after` becomes empty.
export function changes(before, after) {
  const missing = Object.keys(before).filter((name) => !(name in after));
  const change = { ...Object.fromEntries(missing.map((name) => [name, null])), ...after };
  const differs = (name) => JSON.stringify(change[name] ?? null) !== JSON.stringify(before[name] ?? null);
  return Object.keys(change).some(differs) ? change : null;
}

// The ids after some left and some moved; `moves` are pairs of an id and its place, by place. New ones that did not
// get a place come first.
export function reorder(order, removed, inserted, moves) {
  const leaving = new Set([...removed, ...moves.map(([id]) => id)]);
  const result = order.filter((id) => !leaving.has(id));
  for (const [id, place] of moves) result.splice(place, 0, id);
  for (const id of inserted) if (!result.includes(id)) result.unshift(id);
  return result;
}

// The rows in the wanted order. Ids that `hint` does not mention keep their place; new rows that it does not
// mention come first.
export function arrange(entries, fresh, hint) {
  const known = new Map([...fresh, ...entries].map((entry) => [entry.row.id, entry]));
  const mentioned = (hint ?? []).filter((id) => known.has(id));
  const wanted = new Set(mentioned);
  const result = [...fresh.filter((entry) => !wanted.has(entry.row.id)), ...entries];
  const present = new Set(result.map((entry) => entry.row.id));
  mentioned.forEach((id, i) => {
    if (present.has(id)) return;
    const next = mentioned.slice(i + 1).find((each) => present.has(each));
    const neighbour = next ?? mentioned[i - 1];
    const at = result.findIndex((entry) => entry.row.id === neighbour);
    result.splice(at < 0 ? result.length : next ? at : at + 1, 0, known.get(id));
    present.add(id);
  });
  const inOrder = mentioned.values();
  return result.map((entry) => (wanted.has(entry.row.id) ? known.get(inOrder.next().value) : entry));
}
