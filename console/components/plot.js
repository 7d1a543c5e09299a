// A plotly chart as wide as its place. Plotly comes when the first chart is shown, and the page may be left before that:
// then nothing is drawn, and nothing watches the width of what no longer shows.

// Plotly shows a time as it is written; this is how the viewer's clock has it.
function onTheClock(text) {
  const at = new Date(text);
  return new Date(at - at.getTimezoneOffset() * 60_000).toISOString().slice(0, -1);
}

export default {
  template: "<div></div>",
  props: { options: Object },
  async mounted() {
    const { Plotly } = await import("nicegui-plotly");
    if (this.isGone) return;
    this.plotly = Plotly;
    this.update();
    this.watcher = new ResizeObserver(() => this.$el.getClientRects().length && Plotly.Plots.resize(this.$el));
    this.watcher.observe(this.$el);
  },
  unmounted() {
    this.isGone = true;
    this.watcher?.disconnect();
    this.plotly?.purge(this.$el);
  },
  methods: {
    // Called with each change of the figure; what comes before plotly does is drawn with the rest.
    update() {
      const { data, layout, config } = this.options;
      const { range } = layout.xaxis;
      const xaxis = { ...layout.xaxis, ...(range && { range: range.map(onTheClock) }) };
      const traces = data.map((trace) => ({ ...trace, x: trace.x.map(onTheClock) }));
      this.plotly?.react(this.$el, traces, { ...layout, xaxis }, config);
    },
  },
};
