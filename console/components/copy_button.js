// A button that copies a text which is too long to be shown, with the address of something as its last line.
import { copyQuietly } from "console_toasts";

export default {
  template: `
  <button type="button" class="button" data-local @click="copy"><i class="material-icons notranslate" aria-hidden="true">content_copy</i><span>{{ word }}</span></button>`,
  props: { word: String, label: String, text: String, path: String },
  methods: {
    copy() {
      return copyQuietly(`${this.text}${location.origin}${this.path}\n`, this.label);
    },
  },
};
