// The title of the tab, with how much waits for people before it: "(3) Executions · Tenantry".
import { Follower } from "console_line";

const COUNT = /^\([\d,]+\+?\) /;

export default {
  template: "<template></template>",
  props: { cap: Number },
  emits: ["mounted", "behind"],
  created() {
    this.number = 0;
    this.follower = new Follower(({ total }) => this.write(total), () => this.$emit("behind"));
  },
  mounted() {
    // Each page sets a title of its own, without the number.
    this.titles = new MutationObserver(() => this.write(this.number));
    this.titles.observe(document.querySelector("title"), { childList: true, characterData: true, subtree: true });
    this.follower.join();
    this.$emit("mounted");
  },
  unmounted() {
    this.titles.disconnect();
    this.follower.leave();
  },
  methods: {
    show({ total }, edition) {
      this.write(total);
      this.follower.follow(edition);
    },
    write(number) {
      this.number = number;
      const written = Math.min(number, this.cap).toLocaleString("en-US") + (number > this.cap ? "+" : "");
      const title = (number ? `(${written}) ` : "") + document.title.replace(COUNT, "");
      if (document.title !== title) document.title = title;
    },
  },
};
