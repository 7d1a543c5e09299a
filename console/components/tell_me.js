// “Tell me when this moves”: by a notification of the browser where it is allowed, and by the title of the tab until
// somebody looks. What was asked for outlives a reload, and what moved meanwhile is told then.
import { say } from "console_toasts";

const MARK = "● ";
const COUNT = /^\([\d,]+\+?\) /; // tab_title.js writes it before everything else
const ON = "Whatever becomes of it is told on this page, also when you come back to it";

export default {
  template: `
  <button type="button" class="button" data-local :aria-pressed="String(on)" @click="toggle">
    <i class="material-icons notranslate" aria-hidden="true">{{ on ? "notifications_active" : "notifications" }}</i><span>{{ on ? "You will be told" : "Tell me when this moves" }}</span></button>`,
  props: { state: String, name: String, text: String, path: String, final: Boolean },
  data() {
    return { on: false };
  },
  computed: {
    key() {
      return "tenantry.tell:" + this.path;
    },
  },
  watch: {
    state() {
      this.look();
    },
  },
  mounted() {
    this.seen = () => !document.hidden && this.mark(false);
    document.addEventListener("visibilitychange", this.seen);
    this.on = sessionStorage.getItem(this.key) !== null;
    this.look();
  },
  unmounted() {
    document.removeEventListener("visibilitychange", this.seen);
    this.mark(false);
  },
  methods: {
    async toggle() {
      this.on = !this.on;
      if (!this.on) return void sessionStorage.removeItem(this.key);
      sessionStorage.setItem(this.key, this.state);
      const allowed = "Notification" in window && isSecureContext && (await Notification.requestPermission()) === "granted";
      if (this.on) say(allowed ? `${ON}, and by a notification of the browser.` : `${ON}, and by the title of this tab. The browser allows no notifications.`, "success");
    },
    look() {
      if (!this.on || this.state === undefined) return;
      const before = sessionStorage.getItem(this.key);
      if (before === this.state) return;
      this.tell();
      if (!this.final) return void sessionStorage.setItem(this.key, this.state);
      this.on = false;
      sessionStorage.removeItem(this.key);
    },
    tell() {
      say(`${this.name}: ${this.text}`, "success");
      if (!document.hidden) return;
      this.mark(true);
      try {
        if (window.Notification?.permission === "granted") new Notification(this.name, { body: this.text, tag: this.path });
      } catch {
        // Browsers on phones have the permission and no such notifications; the title tells.
      }
    },
    mark(moved) {
      const count = document.title.match(COUNT)?.[0] ?? "";
      const bare = document.title.slice(count.length).replace(MARK, "");
      const title = count + (moved ? MARK : "") + bare;
      if (document.title !== title) document.title = title;
    },
  },
};
