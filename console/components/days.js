// From one day to another in the browser's zone. A day is what the calendar calls one: 23 to 25 hours.
const two = (number) => String(number).padStart(2, "0");
const dayOf = (moment) => {
  const at = new Date(moment ?? NaN);
  return isNaN(at) ? "" : `${String(at.getFullYear()).padStart(4, "0")}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
};
// Counted by the calendar, not in hours, so that a change of the clock moves no border.
const begin = (day, later = 0) => {
  const [year, month, date] = day.split("-").map(Number);
  return year >= 1000 ? new Date(year, month - 1, date + later).toISOString() : null;
};

export default {
  template: `
  <fieldset class="days">
    <legend class="visually-hidden">{{ label }}, days in {{ zone }}</legend>
    <span class="days-label" :title="'Days begin and end as in ' + zone">{{ label }}</span>
    <input type="date" autocomplete="off" v-model="from" :max="to || null" :aria-label="label + ' from'" @change="tell"><span aria-hidden="true">–</span>
    <input type="date" autocomplete="off" v-model="to" :min="from || null" :aria-label="label + ' to'" @change="tell">
    <span class="days-zone">{{ zone }}</span>
  </fieldset>`,
  props: { label: String, first: String, end: String },
  emits: ["change"],
  data() {
    return { from: "", to: "", zone: Intl.DateTimeFormat().resolvedOptions().timeZone };
  },
  created() {
    this.show(this.first, this.end);
  },
  methods: {
    show(first, end) {
      this.from = dayOf(first);
      this.to = end ? dayOf(new Date(end) - 1) : "";
    },
    tell() {
      this.$emit("change", this.from ? begin(this.from) : null, this.to ? begin(this.to, 1) : null);
    },
  },
};
