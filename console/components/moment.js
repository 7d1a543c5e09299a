// A point in time: relative, ticking, the absolute time in the viewer's zone on hover. One timer for all of them.
import { now } from "console_clock";
import { absolute, age, ago, countdown, due, iso, toMs, written } from "console_formats";

const clock = Vue.ref(now());
setInterval(() => !document.hidden && (clock.value = now()), 1000);

export default {
  template: `<time :datetime="iso(ms)" :title="absolute(ms)">{{ text }}</time>`,
  props: { at: String, whole: Boolean, form: String },
  computed: {
    ms() {
      return toMs(this.at);
    },
    text() {
      if (this.whole) return this.ms === null ? "–" : written(this.ms);
      if (this.form && this.ms === null) return ""; // nothing stands in its place in the sentence
      if (this.form === "since") return age(this.ms, clock.value);
      if (this.form === "due") return due(this.ms, clock.value);
      return this.form === "until" ? countdown(this.ms, clock.value) : ago(this.ms, clock.value);
    },
  },
  methods: { absolute, iso },
};
