// How much waits at a place of the drawer.
import { Follower } from "console_line";

export default {
  template: `<span class="tally figures" :hidden="!number">{{ written }}<span class="visually-hidden"> waiting</span></span>`,
  props: { name: String, cap: Number },
  emits: ["mounted", "behind"],
  data() {
    return { number: 0 };
  },
  computed: {
    written() { return Math.min(this.number, this.cap).toLocaleString("en-US") + (this.number > this.cap ? "+" : ""); },
  },
  created() {
    this.follower = new Follower((numbers) => this.take(numbers), () => this.$emit("behind"));
  },
  mounted() {
    this.follower.join();
    this.$emit("mounted");
  },
  unmounted() {
    this.follower.leave();
  },
  methods: {
    show(numbers, edition) {
      this.take(numbers);
      this.follower.follow(edition);
    },
    take(numbers) {
      this.number = numbers[this.name] ?? 0;
    },
  },
};
