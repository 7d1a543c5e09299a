// An id or the like, that a click copies.
import { copy } from "console_toasts";

export default {
  template: `
  <button type="button" class="live-copy whole" data-local :title="'Copy ' + label" :aria-label="'Copy ' + label + ' ' + text"
    @click="copy(text, label)"><span>{{ text }}</span><i class="material-icons notranslate" aria-hidden="true">content_copy</i></button>`,
  props: { text: String, label: String },
  methods: { copy },
};
