// A button with a menu of actions. What is not possible can be read, with its reason, and does nothing.
import { OFFLINE, connection } from "console_connection";
import { spoken, spokenInFull } from "console_formats";

export default {
  template: `
  <div class="menu-place" @keydown="press" @focusout="blur">
    <button ref="button" type="button" class="button" data-local aria-haspopup="menu" :aria-expanded="String(open)" :aria-label="label" @click="toggle">
      <span>{{ word }}</span><i class="material-icons notranslate" aria-hidden="true">expand_more</i></button>
    <div v-if="open" ref="menu" class="menu" role="menu" :aria-label="label">
      <button v-for="item in offered" :key="item.name" type="button" role="menuitem" tabindex="-1" class="menu-item"
        :class="{ danger: item.danger }" :aria-disabled="item.problem ? 'true' : null" @click="choose(item)">
        <i class="material-icons notranslate" aria-hidden="true">{{ item.icon }}</i>
        <span>{{ item.label }}<span v-if="item.problem" class="menu-problem" :title="spokenInFull(item.problem)">{{ spoken(item.problem) }}</span></span></button>
    </div>
  </div>`,
  props: { word: String, label: String, items: Array },
  emits: ["choose"],
  data() {
    return { open: false };
  },
  computed: {
    // Offline, that is the reason for all of them: whatever else is wrong may be over when the page is back.
    offered() { return connection.online ? this.items : this.items.map((item) => ({ ...item, problem: OFFLINE })); },
  },
  mounted() {
    this.outside = (event) => {
      if (!this.$el.contains(event.target)) this.open = false;
    };
    document.addEventListener("pointerdown", this.outside);
  },
  unmounted() {
    document.removeEventListener("pointerdown", this.outside);
  },
  methods: {
    spoken,
    spokenInFull,
    entries() {
      return [...this.$refs.menu.querySelectorAll("[role=menuitem]")];
    },
    async toggle() {
      this.open = !this.open;
      await this.$nextTick();
      if (this.open) this.entries()[0]?.focus();
    },
    blur(event) {
      if (event.relatedTarget && !this.$el.contains(event.relatedTarget)) this.open = false;
    },
    close() {
      this.open = false;
      this.$refs.button.focus();
    },
    press(event) {
      if (!this.open) return;
      const entries = this.entries();
      const at = entries.indexOf(document.activeElement);
      const to = { ArrowDown: at + 1, ArrowUp: at < 0 ? -1 : at - 1, Home: 0, End: -1 }[event.key];
      if (event.key === "Escape") this.close();
      else if (to !== undefined) entries.at(to % entries.length)?.focus();
      else return;
      event.preventDefault();
      event.stopPropagation();
    },
    choose(item) {
      if (item.problem) return;
      this.close();
      this.$emit("choose", item.name);
    },
  },
};
