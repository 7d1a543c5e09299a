// A dialog of the frame: a closer look at something, or a question before something is done. What is typed into it is
// kept in the browser until it has been used, so that neither a cut nor a reload loses it.
import { connection } from "console_connection";
import { draft, keepDraft, reasons, rememberReason } from "console_drafts";
import { anchor, refocus } from "console_focus";
import { spoken, spokenInFull } from "console_formats";

const OFFLINE = "You are offline. What you typed is kept; it can be confirmed when the connection is back.";
const SENT =
  "The connection was cut just after you confirmed. It is sent again when the connection is back, and done once. Load the page anew to have nothing sent again; it may have been done already.";
const CHANGED = "What this is about has changed while the dialog was open; it now says how things stand.";

export default {
  template: `
  <div v-if="!closed" class="dialog-scrim" @mousedown.self.prevent="leave">
    <section ref="box" class="dialog" role="dialog" aria-modal="true" tabindex="-1" :aria-labelledby="name('title')"
      :data-danger="question && question.danger || null" :data-wide="wide || null" @keydown="press">
      <h2 :id="name('title')">{{ question ? question.title : title }}</h2>
      <p class="dialog-news" role="status">{{ connection.online ? news : busy ? SENT : OFFLINE }}</p>
      <slot></slot>
      <template v-if="question">
        <template v-for="part in parts" :key="part.title"><h3>{{ part.title }}</h3>
          <ul class="points"><li v-for="point in part.points" :key="point"><i class="q-icon material-icons notranslate"
            aria-hidden="true">{{ part.icon }}</i><span :title="spokenInFull(point)">{{ spoken(point) }}</span></li></ul></template>
        <div v-if="question.ask_reason" class="dialog-reason">
          <label class="field-label" :for="name('reason')">{{ question.asks }}</label>
          <textarea ref="reason" :id="name('reason')" rows="2" autocomplete="off" :maxlength="question.longest" v-model="text" aria-required="true"
            :placeholder="(isReason ? 'Why? ' : '') + 'Colleagues will read this.'" :aria-invalid="problem ? 'true' : null"
            :aria-describedby="name('problem')" @input="typed"></textarea>
          <div v-if="isReason && recent.length && !text" class="dialog-recent" role="group" aria-label="Used before">
            <button v-for="each in recent" :key="each" type="button" data-local @click="take(each)">{{ each }}</button></div>
        </div>
        <div v-if="question.count" class="dialog-reason">
          <label class="field-label" :for="name('count')">Type {{ question.count.toLocaleString("en") }} to confirm</label>
          <input ref="count" :id="name('count')" class="dialog-count figures" inputmode="numeric" autocomplete="off" v-model="counted" aria-required="true"
            :aria-invalid="miscounted ? 'true' : null" :aria-describedby="name('problem')" @input="problem = ''; miscounted = false"></div>
        <p :id="name('problem')" class="dialog-problem" role="alert" :title="spokenInFull(problem || question.problem)">{{ spoken(problem || question.problem) }}</p>
        <div v-if="leaving" class="dialog-leaving" role="alert"><span>Close it, and throw away what you wrote?</span>
          <button type="button" class="button" data-local @click="discard">Throw away</button>
          <button ref="stay" type="button" class="button" data-local @click="stay">Go on writing</button></div>
        <div v-else class="dialog-buttons">
          <button ref="keep" type="button" class="button" data-local :disabled="busy" @click="discard">Keep as it is</button>
          <button type="button" :class="question.danger ? 'button-danger' : 'button-primary'" :disabled="busy || !!question.problem || !connection.online" data-local
            :aria-busy="busy || null" :title="question.ask_reason ? 'Ctrl+Enter' : null" @click="confirm">{{ question.action }}</button>
        </div>
      </template>
    </section>
  </div>`,
  props: { title: String, wide: Boolean, question: Object, version: Number, draftName: String },
  emits: ["answer", "closed"],
  data() {
    return { text: "", counted: "", miscounted: false, problem: "", news: "", busy: false, leaving: false, recent: [], closed: false, connection, OFFLINE, SENT };
  },
  computed: {
    isReason() { return this.question?.asks === "Reason"; },
    // People may write 2,000 as they read it.
    count() { return Number(this.counted.replace(/[\s,.'’]/g, "") || NaN); },
    parts() {
      const { done, first, what_will_happen, skipped, not_undone } = this.question;
      return [
        { title: "Done so far", points: done, icon: "check" },
        { title: "Before that", points: first, icon: "how_to_reg" },
        { title: "What will happen", points: what_will_happen, icon: "arrow_forward" },
        { title: "Skipped", points: skipped, icon: "remove" },
        { title: "Not undone by this", points: not_undone, icon: "warning" },
      ].filter((part) => part.points.length);
    },
  },
  watch: {
    // What was on its way when the connection was cut may be lost: it is sent again, and done once.
    "connection.online"(online) {
      if (online && this.closed) this.$emit("closed");
      else if (online && this.busy) this.$emit("answer", this.answer);
    },
    version() {
      this.problem = "";
      this.news = this.question.problem ? "" : CHANGED;
    },
  },
  created() {
    this.text = draft(this.draftName) ?? "";
    this.recent = reasons();
  },
  mounted() {
    this.anchor = anchor();
    this.hold(true);
    (this.$refs.reason ?? this.$refs.keep ?? this.$refs.box).focus();
  },
  beforeUnmount() {
    if (this.closed) return;
    this.hold(false);
    refocus(this.anchor);
  },
  methods: {
    spoken,
    spokenInFull,
    name(part) {
      return `${this.$attrs.id}-${part}`;
    },
    // What lies behind can be neither reached nor read while the dialog is open.
    hold(on) {
      const place = this.$el.parentElement;
      for (const each of place?.parentElement?.children ?? []) if (each !== place) each.inert = on;
    },
    typed() {
      this.problem = "";
      keepDraft(this.draftName, this.text.trim() ? this.text : "");
    },
    take(reason) {
      this.text = reason;
      this.typed();
      this.$refs.reason.focus();
    },
    press(event) {
      if (event.key === "Escape") {
        event.stopPropagation();
        this.leaving ? this.stay() : this.leave();
      } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && this.question) {
        event.preventDefault();
        this.confirm();
      }
    },
    // Out by Escape or a press beside it: nothing typed is thrown away unasked. Where it is of no use any more, it is kept.
    leave() {
      if (this.busy || this.leaving) return;
      if (!this.text.trim() || this.question.problem) return this.close();
      this.leaving = true;
      this.$nextTick(() => this.$refs.stay.focus());
    },
    stay() {
      this.leaving = false;
      this.$nextTick(() => this.$refs.reason.focus());
    },
    discard() {
      keepDraft(this.draftName, "");
      this.close();
    },
    close() {
      this.hold(false);
      this.closed = true;
      refocus(this.anchor);
      this.$emit("closed");
    },
    confirm() {
      if (this.busy || this.question.problem || !this.connection.online) return;
      if (this.question.ask_reason && !this.text.trim()) return this.refuse(this.isReason ? "A reason is needed; it is kept in the audit log." : `Nothing was typed.`);
      this.miscounted = !!this.question.count && this.count !== this.question.count;
      if (this.miscounted) return this.refuse(`Type ${this.question.count.toLocaleString("en")} to confirm.`);
      this.problem = "";
      this.busy = true;
      this.answer = [this.text.trim(), this.version, Math.random().toString(36).slice(2), this.count || null];
      this.$emit("answer", this.answer);
    },
    // It could not be done; all stays as it was typed.
    refuse(problem) {
      this.busy = false;
      this.problem = problem;
      this.$nextTick(() => ((this.miscounted ? this.$refs.count : this.$refs.reason) ?? this.$refs.keep).focus());
    },
    done() {
      if (this.isReason && this.text.trim()) rememberReason(this.text.trim());
      keepDraft(this.draftName, "");
      this.close();
    },
  },
};
