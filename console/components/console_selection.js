// What is selected in a live table: by its ids, also on other pages of the list, or all that match. It outlasts a reload,
// and a look at another page from which Back leads here; who comes to the list anew begins without.
import { say } from "console_toasts";
import { comesBack } from "console_trail";

const MOST = 1000; // as MOST_SELECTED of table_data.py
const KEY = "tenantry.selection"; // shell.js empties it at log-out
const LIFE = 3600000; // ms after which who comes back begins anew
const viewer = () => document.querySelector("[data-viewer]")?.dataset.viewer ?? "";
// The list, whichever of its pages and columns are shown.
function place() {
  const asked = new URLSearchParams(location.search);
  for (const name of ["cursor", "columns", "sort"]) asked.delete(name);
  return `${location.pathname}?${asked}`;
}
// What it was for has begun, and led elsewhere before this was heard: a table that is gone cannot put its selection away.
window.dropSelection = () => sessionStorage.removeItem(KEY);
const DEEDS = ".selection:not(.hidden) > .button:not(.selection-drop, .hidden, [aria-disabled])";

export default {
  data() {
    return { selected: {}, all: false };
  },
  computed: {
    choosable() { return this.entries.filter((e) => !e.gone); },
    hasSelection() { return this.all || Object.keys(this.selected).length > 0; },
    allSelected() { return this.choosable.length > 0 && this.choosable.every((e) => this.isSelected(e.row.id)); },
    someSelected() { return !this.allSelected && this.choosable.some((e) => this.isSelected(e.row.id)); },
  },
  created() {
    this.anchor = null;
  },
  methods: {
    canToggle(e) { return !e.gone || e.row.id in this.selected; },
    isSelected(id) { return this.all || id in this.selected; },
    toggle(id, range = false) {
      const on = !this.isSelected(id);
      const ids = this.choosable.map((e) => e.row.id);
      const [from, to] = [ids.indexOf(range && this.anchor !== null ? this.anchor : id), ids.indexOf(id)].sort((a, b) => a - b);
      this.choose(from < 0 ? [id] : ids.slice(from, to + 1), on);
      this.anchor = id;
    },
    toggleAll() { this.choose(this.choosable.map((e) => e.row.id), !this.allSelected); },
    choose(ids, on) {
      if (this.all) this.selected = Object.fromEntries(this.choosable.map((e) => [e.row.id, true]));
      this.all = false;
      if (!on) for (const id of ids) delete this.selected[id];
      else for (const id of ids.filter((id) => !(id in this.selected))) {
        if (Object.keys(this.selected).length < MOST) this.selected[id] = true;
        else return void (say(`No more than ${MOST.toLocaleString("en")} are selected one by one; filter, and select all that match.`), this.emitSelection());
      }
      this.emitSelection();
    },
    // what the server calls
    clearSelection() {
      this.select([], false);
      this.emitSelection();
    },
    select(ids, all) {
      this.selected = Object.fromEntries(ids.map((id) => [id, true]));
      this.all = all;
      this.keepSelection();
      this.settleDown();
    },
    emitSelection() {
      if (document.activeElement?.matches("tr")) this.$nextTick(() => document.activeElement.scrollIntoView({ block: "nearest" })); // from under the bar
      const here = new Set(this.entries.map((e) => e.row.id));
      const elsewhere = Object.keys(this.selected).filter((id) => !here.has(id));
      this.keepSelection();
      this.$emit("select", [...elsewhere, ...this.entries.map((e) => e.row.id).filter((id) => id in this.selected)]);
      this.settleDown();
    },
    toBar() { document.querySelector(DEEDS)?.focus(); },

    keepSelection() {
      if (this.hasSelection) sessionStorage.setItem(KEY, JSON.stringify({ at: place(), ids: Object.keys(this.selected), all: this.all, when: Date.now(), viewer: viewer() }));
      else sessionStorage.removeItem(KEY);
    },
    // once there are rows, as the server knows by then which list this is
    bringSelection() {
      if (!this.selectable || this.isBrought) return;
      this.isBrought = true;
      if (this.hasSelection) return; // of rows that were there before
      const kept = comesBack() && JSON.parse(sessionStorage.getItem(KEY) ?? "null");
      if (kept?.at !== place() || kept.viewer !== viewer() || Date.now() - kept.when > LIFE) return void sessionStorage.removeItem(KEY);
      this.select(kept.ids, kept.all);
      if (kept.all) this.$emit("selectall");
      else this.emitSelection();
    },
  },
};
