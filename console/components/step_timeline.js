// The steps of a run over time, up to now: when each was tried and how long it took, what was waited for, what is to
// come. Idle time beside which nobody could see the work is folded.
import { now } from "console_clock";
import { absolute, ago, clip, count, duration, toMs, word } from "console_formats";
import { rounds, scale } from "console_scale";

const PAST = 0.9; // of the line, where something is still to come
const SEEN = 1000; // ms that a wait has to last to be drawn
const HOUR = 3600 * 1000, DAY = 24 * HOUR;
const percent = (share) => 100 * share + "%";
const clock = (options) => new Intl.DateTimeFormat("en-GB", { hourCycle: "h23", ...options });
const DAYS = clock({ day: "numeric", month: "short" });
const MINUTES = clock({ hour: "2-digit", minute: "2-digit" });
const SECONDS = clock({ hour: "2-digit", minute: "2-digit", second: "2-digit" });

export default {
  template: `
  <p v-if="!lanes.length" class="nothing">No step has begun.</p>
  <div v-else class="timeline">
    <p v-if="earlier" class="nothing">{{ count(earlier) }} earlier steps are not drawn.</p>
    <div class="timeline-axis" aria-hidden="true"><div class="timeline-scale">
      <span v-for="t in axis" :key="t.key" :class="['tick', t.kind]" :style="{ left: t.left }" :title="t.title">{{ t.text }}</span>
    </div></div>
    <ol class="steps" :aria-label="caption">
      <li v-for="s in lanes" :key="s.key" class="step" :data-status="s.status" :data-again="s.counted !== '' || null">
        <div class="step-name"><span class="badge" :data-status="s.status">{{ clip(word(s.status), 24) }}</span>
          <strong><bdi>{{ clip(s.name, 120) }}</bdi></strong><span v-if="s.counted" class="step-tries" :title="s.marked">{{ s.counted }}</span></div>
        <div class="step-track" aria-hidden="true">
          <span v-for="b in s.bars" :class="b.kind" :style="{ left: b.left, width: b.width }" :title="b.title"><i v-if="b.text">{{ b.text }}</i></span>
          <span v-for="t in s.ticks" class="step-try" :style="{ left: t.left }" :title="t.title"></span>
          <span v-if="s.mark" class="step-usual" :style="{ left: s.mark }" :title="s.usually"></span>
          <span v-if="s.next" class="step-try next" :style="{ left: s.next.left }" :title="s.next.title"></span>
          <span v-for="f in folds" class="step-fold" :style="{ left: f.left }"></span>
          <span v-if="open" class="step-now" :style="{ left: nowAt }"></span>
        </div>
        <div class="step-time figures" :title="s.title">{{ s.took }}<small v-if="s.usually && s.isOpen">{{ s.usually }}</small></div>
        <div v-for="w in s.said" :class="['step-wait', { inside: w.inside }]">{{ w.text }}</div>
        <div v-if="s.error" class="step-error"><bdi>{{ clip(s.error) }}</bdi></div>
        <details v-if="s.error && s.detail" class="step-detail more"><summary>Details</summary><bdi>{{ clip(s.detail, 4000) }}</bdi></details>
      </li>
    </ol>
    <p v-for="d in ends" class="timeline-deadline"><time :title="d.title">{{ d.when }}</time> {{ clip(d.text) }}</p>
  </div>`,
  props: { timelineJson: String, caption: String },
  data() {
    return { timeline: JSON.parse(this.timelineJson), now: now() };
  },
  computed: {
    open() {
      return !this.timeline.ended;
    },
    earlier() {
      return this.timeline.earlier;
    },
    // The moments of all steps in ms; a wait too short to be noticed is none.
    timed() {
      return this.timeline.steps.map((s, i) => {
        const waits = s.waits
          .map((w) => ({ text: w.text, from: toMs(w.began), to: toMs(w.ended) ?? this.end, lasts: !w.ended, isOfTries: w.is_of_tries }))
          .filter((w) => w.to - w.from >= SEEN);
        const from = toMs(s.started);
        const to = from === null ? null : Math.max(from, toMs(s.ended) ?? this.end);
        return { ...s, key: i, from, to, waits, isOpen: this.open && !s.ended };
      });
    },
    end() {
      return toMs(this.timeline.ended) ?? Math.max(this.now, toMs(this.timeline.began));
    },
    first() {
      const moments = this.timed.flatMap((s) => [s.from, ...s.waits.map((w) => w.from)]);
      return Math.min(toMs(this.timeline.began), ...moments.filter((ms) => ms !== null));
    },
    // Tries that failed are no idle time: they are what somebody looks for.
    line() {
      const began = (s) => Math.min(s.from, ...s.tried.map(toMs), ...s.waits.filter((w) => w.isOfTries).map((w) => w.from));
      return scale(this.first, this.end, this.timed.filter((s) => s.from !== null).map((s) => [began(s), s.to]));
    },
    // Whether anything is to come, and so needs room after now.
    past() {
      return this.open && (this.timeline.deadlines.length || this.timed.some((s) => s.next_try || s.status === "pending")) ? PAST : 1;
    },
    nowAt() {
      return percent(this.past);
    },
    folds() {
      return this.line.folds.map((f) => ({ left: percent(f.at * this.past) }));
    },
    lanes() {
      return this.timed.map((s) => this.lane(s));
    },
    ends() {
      return this.timeline.deadlines.map((d) => {
        const at = toMs(d.at);
        return { text: d.text, when: `${DAYS.format(at)} ${MINUTES.format(at)}, ${ago(at, this.now)}:`, title: absolute(at) };
      });
    },
    axis() {
      const whole = this.end - this.first;
      const format = whole < 10 * 60 * 1000 ? SECONDS : whole < DAY ? MINUTES : DAYS;
      const tick = (ms, kind, text) => ({ key: kind + ms, kind, text, left: percent(this.line.at(ms) * this.past), title: absolute(ms) });
      const start = whole < DAY ? format.format(this.first) : `${DAYS.format(this.first)} ${MINUTES.format(this.first)}`;
      const zone = -new Date(this.end).getTimezoneOffset() * 60 * 1000;
      const between = this.line.folds.length ? [] : rounds(this.first, this.end, zone);
      const free = between.filter((ms) => this.line.at(ms) > 0.16 && this.line.at(ms) < 0.84);
      const ended = whole < DAY ? format.format(this.end) : `${DAYS.format(this.end)} ${MINUTES.format(this.end)}`;
      return [
        tick(this.first, "first", start),
        ...free.map((ms) => tick(ms, "round", format.format(ms))),
        ...this.line.folds.map((f) => ({ ...tick((f.from + f.to) / 2, "fold", duration(f.to - f.from, true)), left: percent(f.at * this.past), title: "Drawn shorter than it was", kind: f.at > 0.75 ? "fold late" : "fold" })),
        tick(this.end, "last", this.open ? "now" : ended),
      ];
    },
  },
  mounted() {
    this.timer = setInterval(() => !document.hidden && this.open && (this.now = now()), 1000);
  },
  unmounted() {
    clearInterval(this.timer);
  },
  methods: {
    show(timeline) {
      this.timeline = timeline;
      this.now = now();
    },
    lane(s) {
      const usually = s.usual === null ? "" : "usually " + duration(1000 * s.usual);
      const waited = s.waits.reduce((sum, w) => sum + w.to - w.from, 0);
      const bars = s.waits.map((w) => this.bar(w.isOfTries ? "step-waited earlier" : "step-waited", w.from, w.to, w.text));
      if (s.from !== null) bars.push(this.bar("step-bar", s.from, s.to, ""));
      else if (s.status === "pending" && this.past < 1) bars.push({ kind: "step-planned", left: this.nowAt, width: percent(1 - this.past), title: "to come" });
      const spans = s.status === "retrying" ? bars.at(-1) : bars[s.waits.length - 1];
      const isBetween = s.tries > 2 && s.tried.length > 1 && spans;
      if (isBetween && parseFloat(spans.width) > 30) spans.text = `${s.counted}: the first and the latest are marked`;
      const after = s.from === null || s.usual === null ? null : s.from + 1000 * s.usual;
      return {
        ...s, bars, usually,
        marked: isBetween ? "Marked are the first and the latest; nobody knows when those between began" : undefined,
        ticks: s.tried.map(toMs).map((ms, i) => ({ left: this.place(ms), title: `${s.counted ? (i || s.tried.length < 2 ? "Latest try" : "First try") : "Tried"} ${absolute(ms)}` })),
        next: s.next_try && this.past < 1 ? { left: percent((1 + this.past) / 2), title: "Next try " + absolute(toMs(s.next_try)) } : null,
        mark: after !== null && after < this.end ? this.place(after) : null,
        took: s.from !== null ? duration(s.to - Math.min(s.from, ...s.tried.map(toMs), ...s.waits.filter((w) => !w.text).map((w) => w.from)), s.isOpen) : waited ? duration(waited, true) : usually ? "" : "–",
        title: s.from === null ? undefined : absolute(s.from) + (s.isOpen ? " until now" : " to " + absolute(s.to)),
        said: s.waits.filter((w) => w.text).map((w, i) => ({ text: `${w.text} ${duration(w.to - w.from, true)}`, inside: !!bars[i].text })),
      };
    },
    place(ms) {
      return percent(this.line.at(ms) * this.past);
    },
    bar(kind, from, to, text) {
      const left = this.line.at(from), width = this.line.at(to) - left;
      return {
        kind, left: percent(left * this.past), width: percent(Math.max(0.004, width) * this.past),
        title: `${text ? text + ": " : ""}${absolute(from)} to ${absolute(to)}`,
        text: text && width > 0.3 ? `${text} ${duration(to - from, true)}` : "",
      };
    },
    clip,
    count,
    word,
  },
};
