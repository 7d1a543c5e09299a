// What is selected in a live table: by its ids, also on other pages of the list, or all that match. It ends with the
// page; one that was loaded anew because its connection was away too long has it again.
import { connection } from "console_connection";
import { say } from "console_toasts";

const MOST = 1000; // as MOST_SELECTED of table_data.py
const KEY = "tenantry.selection";
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
  mounted() {
    window.addEventListener("pagehide", this.keepSelection);
    this.bringSelection();
  },
  unmounted() {
    window.removeEventListener("pagehide", this.keepSelection);
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
      this.settleDown();
    },
    emitSelection() {
      if (document.activeElement?.matches("tr")) this.$nextTick(() => document.activeElement.scrollIntoView({ block: "nearest" })); // from under the bar
      const here = new Set(this.entries.map((e) => e.row.id));
      const elsewhere = Object.keys(this.selected).filter((id) => !here.has(id));
      this.$emit("select", [...elsewhere, ...this.entries.map((e) => e.row.id).filter((id) => id in this.selected)]);
      this.settleDown();
    },
    toBar() { document.querySelector(DEEDS)?.focus(); },

    keepSelection() {
      if (connection.online || !this.selectable || !Object.keys(this.selected).length) return;
      sessionStorage.setItem(KEY, JSON.stringify({ at: location.href, ids: Object.keys(this.selected) }));
    },
    bringSelection() {
      const kept = this.selectable && JSON.parse(sessionStorage.getItem(KEY) ?? "null");
      sessionStorage.removeItem(KEY);
      if (kept?.at !== location.href) return;
      this.select(kept.ids, false);
      this.emitSelection();
    },
  },
};
