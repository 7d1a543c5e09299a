// The steps of a run over time: when each began, how long it took, how often it was tried, what went wrong.
import { now } from "console_clock";
import { absolute, clip, count, duration, toMs, word } from "console_formats";

export default {
  template: `
  <p v-if="!drawn.length" class="nothing">No step has begun.</p>
  <ol v-else class="steps" :aria-label="caption">
    <li v-for="s in drawn" :key="s.name" class="step" :data-status="s.status">
      <div class="step-name"><span class="badge" :data-status="s.status">{{ clip(word(s.status), 24) }}</span>
        <strong><bdi>{{ clip(s.name, 120) }}</bdi></strong><span v-if="s.tries > 1" class="step-tries">{{ count(s.tries) }} tries</span></div>
      <div class="step-track" aria-hidden="true"><span v-if="s.from !== null" class="step-bar" :style="{ left: s.left, width: s.width }" :title="s.title"></span></div>
      <div class="step-time figures" :title="s.title">{{ s.took }}</div>
      <div v-if="s.error" class="step-error"><bdi>{{ clip(s.error) }}</bdi></div>
      <details v-if="s.error && s.detail" class="step-detail more"><summary>Details</summary><bdi>{{ clip(s.detail, 4000) }}</bdi></details>
    </li>
  </ol>`,
  props: { stepsJson: String, caption: String },
  data() {
    return { steps: JSON.parse(this.stepsJson), now: now() };
  },
  computed: {
    drawn() {
      const timed = this.steps.map((s) => ({ ...s, from: toMs(s.started), to: toMs(s.ended) }));
      const begun = timed.filter((s) => s.from !== null);
      const first = Math.min(...begun.map((s) => s.from));
      const last = Math.max(...begun.map((s) => s.to ?? this.now), first + 1);
      return timed.map((s) => {
        if (s.from === null) return { ...s, took: "–", title: undefined };
        const end = s.to ?? Math.max(this.now, s.from);
        return {
          ...s,
          left: (100 * (s.from - first)) / (last - first) + "%",
          width: Math.max(0.6, (100 * (end - s.from)) / (last - first)) + "%",
          took: duration(end - s.from, s.to === null),
          title: absolute(s.from) + (s.to === null ? " until now" : " to " + absolute(s.to)),
        };
      });
    },
  },
  mounted() {
    this.timer = setInterval(() => {
      if (!document.hidden && this.steps.some((s) => s.started && !s.ended)) this.now = now();
    }, 1000);
  },
  unmounted() {
    clearInterval(this.timer);
  },
  methods: {
    show(steps) {
      this.steps = steps;
      this.now = now();
    },
    clip,
    count,
    word,
  },
};
