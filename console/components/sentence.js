// A sentence whose moments are drawn in the viewer's zone, and with it on hover.
import { spoken, spokenInFull } from "console_formats";

export default {
  template: `<span :title="spokenInFull(text)">{{ spoken(text) }}</span>`,
  props: { text: String },
  methods: { spoken, spokenInFull },
};
