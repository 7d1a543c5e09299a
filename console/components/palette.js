// Search over any page. The keys "/" and Ctrl-K open it; arrows choose, Enter goes there, Escape goes back.
import { anchor, refocus } from "console_focus";
import { clip, spoken, word } from "console_formats";

const PAUSE = 200; // ms after the last key
const COVERS = ".dialogs [role=dialog], #shortcuts:not([hidden])";
const typing = (target) => target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable=true]");
const plain = (text) => String(text ?? "").normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLowerCase();

export default {
  template: `
  <div class="palette-scrim" :hidden="!open" @pointerdown.self="close">
    <section v-if="open" class="palette-dialog" role="dialog" aria-modal="true" aria-label="Search" @keydown="key">
      <div class="palette-field"><i class="material-icons notranslate" aria-hidden="true">search</i>
        <input ref="field" v-model="text" type="text" role="combobox" aria-controls="palette-list" aria-autocomplete="list"
          aria-label="Search tenants, runs, places and actions" :aria-expanded="String(drawn.length > 0)" placeholder="Tenant, e-mail, run, place or action" autocomplete="off" autocapitalize="off"
          spellcheck="false" :maxlength="longest" :aria-activedescendant="drawn.length ? 'palette-' + at : undefined" @input="type">
        <button type="button" class="button" data-local @click="close">Close</button></div>
      <p class="visually-hidden" role="status">{{ told }}</p>
      <p v-if="problem" class="palette-none" role="alert">{{ problem }}</p>
      <div v-show="drawn.length" id="palette-list" class="palette-list" role="listbox" tabindex="-1" aria-label="Found" :aria-busy="waiting || undefined">
        <div v-for="g in groups" :key="g.name" role="group" :aria-labelledby="'palette-group-' + g.name">
          <p class="palette-group" :id="'palette-group-' + g.name" role="presentation">{{ g.name }}</p>
          <div v-for="e in g.entries" :key="e.index" :id="'palette-' + e.index" class="palette-entry" role="option" :aria-selected="String(e.index === at)"
            @pointermove="at = e.index" @click="choose(e, $event)">
            <i v-if="e.icon" class="material-icons notranslate" aria-hidden="true">{{ e.icon }}</i>
            <span class="palette-words"><bdi class="palette-label">{{ clip(e.label, 120) }}</bdi><bdi v-if="e.second" class="palette-second">{{ clip(e.second, 200) }}</bdi></span>
            <span v-if="e.status" class="badge" :data-status="e.status">{{ word(e.status) }}</span>
            <span v-if="e.sign" class="badge" :data-tone="e.tone">{{ spoken(e.sign) }}</span>
            <span v-if="e.keys" class="palette-keys"><kbd v-for="k in e.keys.split(' ')" :key="k">{{ k }}</kbd></span>
          </div>
        </div>
      </div>
      <p v-if="!drawn.length && !waiting && !problem" class="palette-none">Nothing is called so. Try the beginning of a slug, a name or an e-mail.</p>
      <p v-if="!drawn.length && waiting" class="palette-none">Searching…</p>
    </section>
  </div>`,
  props: { entries: Array, longest: Number },
  emits: ["ask"],
  data() {
    return { open: false, text: "", found: [], problem: null, at: 0, waiting: false, entered: null };
  },
  computed: {
    // Every word must be somewhere in the entry.
    drawn() {
      const words = plain(this.text).split(/\s+/).filter(Boolean);
      const own = this.entries.filter((e) => words.every((w) => plain(`${e.label} ${e.second}`).includes(w)));
      return [...this.found, ...own].map((e, index) => ({ ...e, index }));
    },
    groups() {
      const names = [...new Set(this.drawn.map((e) => e.group))];
      return names.map((name) => ({ name, entries: this.drawn.filter((e) => e.group === name) }));
    },
    told() {
      if (this.waiting) return "Searching";
      return this.drawn.length === 1 ? "1 found" : `${this.drawn.length} found`;
    },
  },
  created() {
    this.asked = 0;
  },
  mounted() {
    document.addEventListener("keydown", this.call);
    document.addEventListener("click", this.press);
  },
  unmounted() {
    clearTimeout(this.timer);
    document.removeEventListener("keydown", this.call);
    document.removeEventListener("click", this.press);
    this.cover(false);
  },
  methods: {
    call(event) {
      const control = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k";
      const slash = event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !typing(event.target);
      if (event.defaultPrevented || !(control || slash) || (document.querySelector(COVERS) && !this.open)) return;
      event.preventDefault();
      this.begin();
    },
    press(event) {
      if (event.target.closest("[data-palette]")) this.begin();
    },
    begin() {
      if (this.open) return void this.$refs.field?.select();
      const here = document.activeElement; // perhaps a row, which `anchor` would take for the list
      this.before = here && here !== document.body ? { ...anchor(), element: here } : anchor();
      Object.assign(this, { open: true, text: "", found: [], problem: null, at: 0, waiting: false, entered: null });
      this.asked++;
      this.cover(true);
      this.$nextTick(() => this.$refs.field?.focus());
    },
    close() {
      if (!this.open) return;
      this.open = false;
      clearTimeout(this.timer);
      this.cover(false);
      refocus(this.before);
    },
    // What lies behind can be neither reached nor read meanwhile.
    cover(on) {
      for (const each of this.$el.parentElement?.children ?? []) if (each !== this.$el) each.inert = on;
    },
    type() {
      clearTimeout(this.timer);
      this.at = 0;
      this.entered = null;
      this.asked++;
      this.problem = null;
      this.waiting = this.text.trim() !== "";
      if (!this.waiting) return void (this.found = []);
      this.timer = setTimeout(() => this.$emit("ask", this.asked, this.text.trim()), PAUSE);
    },
    // what the server calls; answers to earlier questions are none
    show(number, found, problem) {
      if (number !== this.asked || !this.open) return;
      const chosen = this.drawn[this.at];
      Object.assign(this, { found, problem, waiting: false });
      // Whoever has moved on to a place already stays on it; else the first is chosen.
      const same = this.at > 0 && chosen ? this.drawn.findIndex((e) => e.href === chosen.href && e.label === chosen.label) : 0;
      this.at = Math.max(0, same);
      if (this.entered && !problem) this.enter(this.entered);
    },
    // What is shown while an answer is awaited was found for fewer letters: its first is not what was asked for.
    enter(event) {
      const isOfOthers = this.waiting && this.at === 0 && (this.found.length > 0 || !this.drawn.length);
      this.entered = isOfOthers ? event : null;
      if (!isOfOthers) this.choose(this.drawn[this.at], event);
    },
    key(event) {
      event.stopPropagation(); // the page behind hears nothing
      const last = this.drawn.length - 1;
      const ways = { ArrowDown: this.at >= last ? 0 : this.at + 1, ArrowUp: this.at <= 0 ? Math.max(0, last) : this.at - 1 };
      if (event.key === "Escape") this.close();
      else if (event.key === "Tab") this.turn(event);
      else if (event.isComposing) return;
      else if (event.key in ways) this.move(ways[event.key]);
      else if (event.key === "Enter" && event.target === this.$refs.field) this.enter(event);
      else return;
      if (event.key !== "Tab") event.preventDefault();
    },
    turn(event) {
      const stops = [...this.$el.querySelectorAll("input, button")];
      const next = (stops.indexOf(document.activeElement) + (event.shiftKey ? -1 : 1) + stops.length) % stops.length;
      event.preventDefault();
      stops[next].focus();
    },
    move(index) {
      this.at = index;
      this.entered = null; // whoever chooses anew has not entered that
      this.$nextTick(() => document.getElementById("palette-" + index)?.scrollIntoView({ block: "nearest" }));
    },
    choose(entry, event) {
      if (!entry) return;
      if (entry.href && (event.ctrlKey || event.metaKey)) return void window.open(entry.href, "_blank", "noopener");
      this.close();
      if (entry.presses) return void setTimeout(() => document.querySelector(entry.presses)?.click());
      const link = document.createElement("a"); // NiceGUI goes where links lead, without loading the page again
      link.href = entry.href;
      link.hidden = true;
      document.body.append(link);
      link.click();
      link.remove();
    },
    clip, spoken, word,
  },
};
