// Marks over time, oldest first. The one pointed at, else the one chosen, else the latest is told below them.
import { now } from "console_clock";
import { absolute, ago, clip, count, iso, toMs } from "console_formats";

const WAYS = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };

export default {
  template: `
  <p v-if="!marks.length" class="nothing">{{ nothing }}</p>
  <div v-else class="strip">
    <p class="strip-legend"><span v-for="w in counted" :key="w.tone"><span class="strip-sample" aria-hidden="true" :data-tone="w.tone"></span><b class="figures">{{ count(w.number) }}</b> {{ w.word }}</span></p>
    <div class="strip-marks" ref="row" role="toolbar" :aria-label="label" @keydown="key" @pointerleave="pointed = null">
      <button v-for="m in marks" :key="m.id" type="button" data-local class="strip-mark" :data-tone="m.tone" :aria-pressed="String(chosen === m.id)"
        :aria-label="sentence(m)" :tabindex="m.id === stop ? 0 : -1" :data-told="m.id === told.id || undefined"
        @click="chosen = chosen === m.id ? null : m.id" @focus="focused = m.id" @blur="focused = null" @pointerenter="pointed = m.id"></button>
    </div>
    <p class="strip-told" :data-tone="told.tone"><time :datetime="iso(at(told))" :title="absolute(at(told))">{{ ago(at(told), clock) }}</time><bdi>{{ clip(told.text, 600) }}</bdi></p>
  </div>`,
  props: { marks: Array, words: Array, label: String, nothing: String },
  data() {
    return { chosen: null, focused: null, pointed: null, clock: now() };
  },
  computed: {
    counted() {
      const numbers = this.words.map((w) => ({ ...w, number: this.marks.filter((m) => m.tone === w.tone).length }));
      return numbers.filter((w, i) => w.number || !i);
    },
    told() {
      const wanted = [this.pointed, this.focused, this.chosen].map((id) => this.marks.find((m) => m.id === id));
      return wanted.find(Boolean) ?? this.marks.at(-1);
    },
    // Where the Tab key stops: older marks leave, and the place of one that left is the latest.
    stop() {
      return (this.marks.find((m) => m.id === (this.focused ?? this.chosen)) ?? this.marks.at(-1))?.id;
    },
  },
  mounted() {
    this.timer = setInterval(() => !document.hidden && (this.clock = now()), 1000);
  },
  unmounted() {
    clearInterval(this.timer);
  },
  methods: {
    at: (mark) => toMs(mark.at),
    sentence(mark) { return `${absolute(this.at(mark))}: ${clip(mark.text, 600)}`; },
    key(event) {
      if (event.key === "Escape" && this.chosen) return void (this.chosen = null);
      const way = WAYS[event.key];
      if (way === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      const buttons = [...this.$refs.row.children].filter((each) => each.offsetParent);
      const here = buttons.indexOf(document.activeElement);
      buttons[Math.min(buttons.length - 1, Math.max(0, here + way))]?.focus();
    },
    absolute, ago, clip, count, iso,
  },
};
