// Keeps what is typed into the form around which it stands, until the form has been used; fields are known by `data-field`.
import { draft, keepDraft } from "console_drafts";

window.dropDraft = (name) => keepDraft(name, "");

export default {
  template: `<div @input.capture="keep" @keydown.enter="submit"><slot></slot></div>`,
  props: { name: String },
  emits: ["restore"],
  mounted() {
    Vue.nextTick(() => this.$el.querySelector("input")?.focus());
    this.values = draft(this.name) ?? {};
    const others = Object.entries(this.values).filter(([field, value]) => !this.type(field, value));
    if (others.length) this.$emit("restore", Object.fromEntries(others));
  },
  methods: {
    // After the field has told its last letters, which it else keeps back for a moment; a select opens by Enter.
    submit(event) {
      if (!event.target.matches("input:not([role=combobox])")) return;
      event.target.dispatchEvent(new Event("change", { bubbles: true }));
      setTimeout(() => this.$el.querySelector("[data-submit]")?.click());
    },
    // As if typed anew, before anybody can type; false for what is no text.
    type(field, value) {
      const input = this.$el.querySelector(`[data-field="${CSS.escape(field)}"] input`);
      if (!input) return false;
      input.value = value;
      input.dispatchEvent(new Event("input", { bubbles: true }));
      return input.dispatchEvent(new Event("change", { bubbles: true })); // told at once, not a moment after the last key
    },
    keep(event) {
      const field = event.target.closest("[data-field]")?.dataset.field;
      if (field) this.note(field, event.target.value);
    },
    note(field, value) {
      this.values = { ...this.values, [field]: value };
      keepDraft(this.name, this.values);
    },
  },
};
