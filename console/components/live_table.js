// A table whose rows change while people work in it: what they point at, select or focus never moves.
import { now } from "console_clock";
import * as formats from "console_formats";
import { Follower } from "console_line";
import selection from "console_selection";
import { copy } from "console_toasts";
import { leaveTrail, placeIn, returnTo } from "console_trail";
import template from "live_table_template";

const entry = (row, old) => Object.freeze({ row: Object.freeze(row), flash: old ? old.flash + 1 : 0, gone: false, busy: false });

export default {
  template,
  mixins: [selection],
  props: {
    rowsJson: String, columns: Array, actions: Array, caption: String, empty: Object, selectable: Boolean, keyboard: Boolean,
    sort: String, descending: Boolean, limit: Number, naming: String, trail: String, group: Object, layout: String,
  },
  emits: ["select", "selectall", "sort", "open", "action", "shownew", "columns", "mounted", "behind"],
  data() {
    const rows = this.rowsJson ? JSON.parse(this.rowsJson) : [];
    return {
      entries: Vue.shallowRef(rows.map((row) => entry(row))), waiting: Vue.shallowRef(new Map()), loading: !this.rowsJson,
      current: null, hidden: Object.fromEntries(this.columns.filter((c) => c.hidden).map((c) => [c.name, true])),
      filledNames: [], chosenNames: [], sortName: this.sort, sortDown: this.descending, menuOpen: false, version: 0, room: 0, atEnd: false, inside: false, focused: false, f: formats,
    };
  },
  computed: {
    shown() { return this.columns.filter((c) => !this.hidden[c.name] && (!c.when_filled || [...this.filledNames, ...this.chosenNames].includes(c.name))); },
    hideables() { return this.columns.filter((c) => c.hideable); },
    sortables() { return this.columns.filter((c) => c.sortable); },
    // Tracks do not depend on content: no column moves when a text in it changes, and rows are laid out alone.
    edges() {
      const after = this.actions.length ? [formats.actionsWidth(this.actions)] : [];
      return [this.selectable ? [formats.CHECK_WIDTH] : [], after];
    },
    needed() { return [...this.edges.flat(), ...this.shown.map(formats.leastWidth)].reduce((sum, width) => sum + width, 0); },
    tracks() {
      const [before, after] = this.edges.map((edge) => edge.map((width) => width + "px"));
      return [...before, ...this.shown.map(formats.track), ...after].join(" ");
    },
    heads() { return this.group ? formats.heads(this.entries.map((e) => e.row), this.group) : {}; },
  },
  watch: {
    entries: { immediate: true, handler() { this.lookForFilled(); } },
  },
  created() {
    this.follower = new Follower((patch) => this.patch(patch), () => this.$emit("behind"));
    this.order = this.entries.map((e) => e.row.id); // as on the server; what is shown follows when nobody works here
    this.moved = false;
  },
  mounted() {
    this.timer = setInterval(this.tick, 1000);
    this.sizes = new ResizeObserver(([{ contentRect }]) => { this.room = Math.floor(contentRect.width); });
    this.sizes.observe(this.$refs.root);
    document.addEventListener("keydown", this.key);
    document.addEventListener("pointerdown", this.outside);
    this.follower.join();
    this.$emit("mounted");
  },
  unmounted() {
    clearInterval(this.timer);
    this.follower.leave();
    this.sizes.disconnect();
    document.removeEventListener("keydown", this.key);
    document.removeEventListener("pointerdown", this.outside);
  },
  methods: {
    lookForEnd({ currentTarget: { scrollLeft, clientWidth, scrollWidth } }) { this.atEnd = scrollLeft + clientWidth > scrollWidth - 2; },
    // what the server calls; patches of the edition named then come by the line
    reset(rows, edition) {
      this.loading = false;
      this.waiting = new Map();
      this.order = rows.map((row) => row.id);
      this.moved = false;
      this.entries = rows.map((row) => entry(row));
      if (edition) this.follower.follow(edition);
      this.bringSelection(); // before it is forgotten that somebody came back
      this.comeBack();
    },
    sync(rows, edition) {
      const here = [...this.entries.filter((e) => !e.gone), ...this.waiting.values()];
      const now = new Map(here.map((e) => [e.row.id, e.row]));
      const ids = rows.map((row) => row.id);
      this.order = ids;
      this.moved = true;
      this.take(
        rows.filter((row) => now.has(row.id)).map((row) => formats.changes(now.get(row.id), row)).filter(Boolean),
        [...now.keys()].filter((id) => !ids.includes(id)),
        rows.filter((row) => !now.has(row.id)),
      );
      if (edition) this.follower.follow(edition);
    },
    patch({ changed = [], removed = [], inserted = [], moves = [] }) {
      this.order = formats.reorder(this.order, removed, inserted.map((row) => row.id), moves);
      this.moved ||= moves.length > 0;
      this.take(changed, removed, inserted);
    },
    take(changed, removed, inserted) {
      this.loading = false;
      const here = new Set(this.entries.map((e) => e.row.id));
      const changes = new Map(changed.map((row) => [row.id, row]));
      const back = new Map(inserted.filter((row) => here.has(row.id)).map((row) => [row.id, row]));
      const gone = new Set(removed);
      this.entries = this.entries.map((e) => {
        if (back.has(e.row.id)) return entry(back.get(e.row.id), e);
        if (gone.has(e.row.id)) return e.gone ? e : Object.freeze({ ...e, gone: true, busy: false });
        const change = changes.get(e.row.id);
        return change ? entry({ ...e.row, ...change }, e) : e;
      });
      const waiting = new Map([...this.waiting].filter(([id]) => !gone.has(id)));
      for (const [id, e] of waiting) if (changes.has(id)) waiting.set(id, entry({ ...e.row, ...changes.get(id) }));
      for (const row of inserted) if (!here.has(row.id)) waiting.set(row.id, entry(row));
      this.waiting = waiting;
      this.settleDown();
    },
    busy(ids) {
      this.mark(ids, true);
    },
    settle(ids) {
      this.mark(ids, false);
    },
    setSort(name, descending) {
      this.sortName = name;
      this.sortDown = descending;
    },

    // rows wait while somebody works in the table
    isHeld() { return this.inside || this.focused || this.hasSelection; },
    // A column that has nothing to say leaves its room to the others, but not while somebody works here.
    lookForFilled() {
      const says = (c) => this.entries.some((e) => this.filled(e.row[c.name]) || this.filled(e.row[c.secondary]));
      const stays = (c) => this.isHeld() && this.filledNames.includes(c.name);
      const names = this.columns.filter((c) => c.when_filled && (stays(c) || says(c))).map((c) => c.name);
      if (names.join() === this.filledNames.join()) return;
      this.filledNames = names;
      this.version++;
    },
    settleDown(force = false) {
      if ((this.isHeld() && !force) || !(this.waiting.size || this.moved || this.entries.some((e) => e.gone))) return;
      const stay = force ? this.entries : this.entries.filter((e) => !e.gone);
      this.entries = formats.arrange(stay, [...this.waiting.values()].reverse(), this.order).slice(0, this.limit);
      this.waiting = new Map();
      this.moved = false;
    },
    showNew(event) {
      this.settleDown(true);
      if (!event.detail) this.$nextTick(() => this.$refs.body?.rows[0]?.focus({ preventScroll: true })); // by keyboard
      this.$emit("shownew");
      this.$refs.root.scrollIntoView({ block: "nearest" });
    },
    enter(event) { if (event.pointerType !== "touch") this.inside = true; },
    leave() { this.inside = false; this.settleDown(); },
    blur(event) {
      const to = event.relatedTarget; // on the way to their button, new rows go on waiting
      if (to && (this.$refs.body?.contains(to) || this.$refs.pill?.contains(to))) return;
      this.focused = false;
      this.settleDown();
    },
    mark(ids, busy) {
      const these = new Set(ids);
      this.entries = this.entries.map((e) => (these.has(e.row.id) ? Object.freeze({ ...e, busy }) : e));
    },

    // heads and columns
    sortBy(name, down = this.sortName === name && !this.sortDown) {
      this.setSort(name, down);
      this.$emit("sort", name, down);
    },
    sortFromMenu(event) {
      const [name, way] = event.target.value.split(":");
      if (name) this.sortBy(name, way === "d");
    },
    toggleColumn(name) {
      if (this.shown.some((c) => c.name === name)) this.hidden[name] = true;
      else (delete this.hidden[name], this.chosenNames.push(name));
      this.version++;
      this.$emit("columns", this.shown.map((c) => c.name));
    },
    closeMenu() { this.menuOpen = false; this.$refs.menuButton?.focus(); },
    outside(event) { if (this.menuOpen && !event.target.closest(".live-columns")) this.menuOpen = false; },

    // actions
    offered(row) { return this.actions.filter((a) => row.actions && a.name in row.actions); },
    reason(e, action) { return e.gone ? "no longer in this list" : e.busy ? "working on it" : e.row.actions[action.name]; },
    act(e, action) { if (!this.reason(e, action)) this.$emit("action", e.row.id, action.name); },
    copy,

    // values
    filled: (value) => value !== null && value !== undefined && value !== "",
    now,
    at: formats.toMs,
    nameOf(row) { return formats.clip(row[this.naming] ?? row.id, 80); },
    since(row, column) { return row[column.name] === null || row[column.name] === undefined ? formats.toMs(row[column.since]) : null; },
    lasted(row, column) {
      const since = this.since(row, column);
      return since === null ? formats.duration(row[column.name]) : formats.duration(this.now() - since, true);
    },
    share(row, column) { return row[column.total] ? Math.min(100, (100 * row[column.name]) / row[column.total]) + "%" : "0"; },
    tick() {
      if (document.hidden) return;
      const now = this.now();
      for (const tr of this.$refs.body?.rows ?? []) {
        if (!tr.checkVisibility({ contentVisibilityAuto: true })) continue;
        for (const el of tr.querySelectorAll("[data-at],[data-since],[data-for],[data-until]")) {
          const text = formats.ticking(el.dataset, now);
          if (el.firstChild && el.firstChild.data !== text) el.firstChild.data = text;
        }
      }
    },

    // keyboard
    key(event) {
      const typing = event.target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable=true]");
      if (!this.keyboard || typing || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (document.querySelector(".q-dialog, .dialogs [role=dialog], #shortcuts:not([hidden]), .palette-dialog")) return;
      const at = this.entries.findIndex((e) => e.row.id === this.current);
      if (event.key === "j") this.moveTo(Math.min(at + 1, this.entries.length - 1));
      else if (event.key === "k") this.moveTo(Math.max(at - 1, 0));
      else if (event.key.toLowerCase() === "x" && this.selectable && at >= 0 && this.canToggle(this.entries[at])) this.toggle(this.current, event.shiftKey);
      else if (event.key === "a" && this.selectable) this.toggleAll();
      else if (event.key === "m" && this.hasSelection) this.toBar();
      else if (event.key === "Escape" && this.hasSelection) this.clearSelection();
      else if (event.key === "Enter" && at >= 0 && event.target.matches("tr")) this.openRow(event.target);
    },
    moveTo(index) {
      if (index < 0) return;
      this.current = this.entries[index].row.id;
      this.$nextTick(() => {
        const tr = this.$refs.body?.rows[index];
        tr?.focus({ preventScroll: true });
        tr?.scrollIntoView({ block: "nearest" });
      });
    },
    // the trail that pages of the rows follow
    depart(event) {
      const link = event.target.closest("a.live-link");
      if (this.trail && link) leaveTrail(this.trail, link, this.$refs.body.querySelectorAll("tr:not(.gone) a.live-link"));
    },
    comeBack() {
      const place = this.trail && placeIn(this.trail);
      if (place) returnTo(place, () => this.$refs.body, (id) => this.moveTo(this.entries.findIndex((e) => e.row.id === id)));
    },
    // A row is as large as its link: what is pressed beside buttons and fields, and selects no text, opens it.
    pressRow(event) {
      const [tr, elsewhere] = [event.currentTarget, event.target.closest("a, button, input, label, .k-check, .k-actions")];
      if (event.button > 1 || elsewhere || !getSelection().isCollapsed) return;
      const href = tr.querySelector("a.live-link")?.href;
      if (href && (event.button || event.ctrlKey || event.metaKey || event.shiftKey)) window.open(href, "_blank", "noopener");
      else if (!event.button) tr.querySelector(".live-link")?.click();
    },
    // What is shown in place has an address, too: for another tab, or to be sent.
    follow(event, e, column) {
      if (!column.opens || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation(); // NiceGUI would go there
      this.$emit("open", e.row.id);
    },
    openRow(tr) {
      const link = tr.querySelector(".live-link");
      link ? link.click() : this.$emit("open", tr.dataset.id);
    },
  },
};
