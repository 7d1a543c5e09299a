// How old what the viewer sees is: ticks by itself, tells a lost connection by itself, pauses on request.
import { connection } from "console_connection";
import { watch } from "console_line";

export default {
  template: `
  <button type="button" class="freshness" :data-state="state" :aria-label="word + (detail ? ', ' + detail : '') + hint"
    :title="hint ? (paused ? 'Go on with live updates' : 'Pause live updates') : undefined" @click="toggle">
    <span class="freshness-dot" aria-hidden="true"></span>
    <span class="freshness-word">{{ word }}</span><span class="freshness-age" v-if="detail">&nbsp;· {{ detail }}</span>
  </button>`,
  props: { pausable: Boolean, staleAfter: { type: Number, default: 4 } },
  emits: ["pause"],
  data() {
    return { beatAt: null, now: Date.now(), paused: false, connected: true };
  },
  computed: {
    age() {
      return this.beatAt === null ? null : Math.max(0, (this.now - this.beatAt) / 1000);
    },
    state() {
      if (!this.connected) return "offline";
      if (this.paused) return "paused";
      if (this.age === null) return "waiting";
      return this.age > this.staleAfter ? "stale" : "live";
    },
    word() {
      return { offline: "Offline", paused: "Paused", waiting: "Connecting", stale: "Stale", live: "Live" }[this.state];
    },
    detail() {
      if (this.age === null) return "";
      const s = this.age;
      if (s < 10) return s.toFixed(1) + " s ago";
      return s < 60 ? Math.floor(s) + " s ago" : s < 3600 ? Math.floor(s / 60) + " min ago" : Math.floor(s / 3600) + " h ago";
    },
    hint() {
      return this.pausable ? (this.paused ? ", press to go on" : ", press to pause") : "";
    },
  },
  mounted() {
    this.unwatch = watch(this.beat);
    this.timer = setInterval(() => {
      this.now = Date.now();
      this.connected = connection.online;
    }, 500);
  },
  unmounted() {
    this.unwatch();
    clearInterval(this.timer);
  },
  methods: {
    beat(secondsOld) {
      this.now = Date.now();
      this.beatAt = this.now - secondsOld * 1000;
    },
    toggle() {
      if (!this.pausable) return;
      this.paused = !this.paused;
      this.$emit("pause", this.paused);
    },
  },
};
