// Counts over a list that are its filter at the same time.
import { Follower } from "console_line";

const EDGE = 24; // pixels of the next one that can be seen beside it

export default {
  template: `
  <div class="counts" role="group" :aria-label="label" :data-sparse="sparse || undefined" @pointerdown="isLeft = true" @wheel.passive="isLeft = true">
    <button v-for="c in drawn" :key="c.value" type="button" class="count" :data-none="numbers && !numbers[c.value] ? '' : null"
      :aria-pressed="String(picked.includes(c.value))" @click="press(c.value)">
      <span v-if="c.status || c.tone" class="badge mark" aria-hidden="true" :data-status="c.status" :data-tone="c.tone"></span>
      <bdi class="count-label">{{ c.label }}</bdi><span class="count-number figures">{{ written(c.value) }}</span>
    </button>
    <span v-if="numbers && !drawn.length" class="count-none">{{ numbers["not yet"] ? noneYet : none }}</span>
  </div>`,
  props: { counts: Array, label: String, cap: Number, chosen: Array, sparse: Boolean, none: String, noneYet: String },
  emits: ["choose", "behind", "mounted"],
  data() {
    return { numbers: null, picked: this.chosen, isLeft: false };
  },
  computed: {
    // Of sparse ones, those that there are; a chosen one stays, so that it can be dropped.
    drawn() { return this.counts.filter((c) => !this.sparse || this.numbers?.[c.value] || this.picked.includes(c.value)); },
  },
  watch: {
    chosen(value) { this.choose(value); },
  },
  created() {
    this.follower = new Follower((numbers) => { this.numbers = numbers; }, () => this.$emit("behind"));
  },
  mounted() {
    this.follower.join();
    // Numbers and fonts make the counts wider, whenever they come; whoever has scrolled is left where they are.
    this.widths = new ResizeObserver(() => this.isLeft || this.reveal());
    for (const each of this.$el.children) this.widths.observe(each);
    this.$emit("mounted");
  },
  updated() {
    for (const each of this.$el.children) this.widths?.observe(each);
  },
  unmounted() {
    this.widths.disconnect();
    this.follower.leave();
  },
  methods: {
    show(numbers, edition) {
      this.numbers = numbers;
      if (edition) this.follower.follow(edition);
    },
    choose(value) {
      this.picked = value;
      this.isLeft = false;
      this.reveal();
    },
    // On a narrow page they are one row that scrolls: as far as the first chosen one, and no further.
    async reveal() {
      await this.$nextTick();
      const one = this.$el.querySelector("[aria-pressed=true]")?.getBoundingClientRect();
      if (!one) return;
      const row = this.$el.getBoundingClientRect();
      this.$el.scrollLeft += Math.min(0, one.left - EDGE - row.left) + Math.max(0, one.right + EDGE - row.right);
    },
    press(value) {
      this.picked = this.picked.includes(value) ? this.picked.filter((each) => each !== value) : [...this.picked, value];
      this.$emit("choose", this.picked);
    },
    written(value) {
      const number = this.numbers?.[value] ?? 0;
      return this.numbers ? Math.min(number, this.cap).toLocaleString("en-US") + (number > this.cap ? "+" : "") : "–";
    },
  },
};
