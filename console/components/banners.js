// Strips that say which source cannot be trusted: one element for all of them, as every open tab gets them at once.
import Moment from "moment";

export default {
  template: `
  <div class="banners">
    <div v-for="n in notices" :key="n.name" class="banner" :role="n.kind === 'error' ? 'alert' : 'status'" :data-kind="n.kind" :data-name="n.name">
      <q-icon :name="n.icon" aria-hidden="true" />
      <div>
        <p class="banner-title"><b>{{ n.title + " " + n.since_word + " " }}</b><Moment :at="n.since" whole /><span>{{ " (" }}</span><Moment :at="n.since" /><span>)</span></p>
        <p class="banner-parts"><span v-for="[word, text] in n.parts"><b>{{ word + ": " }}</b><span>{{ text + " " }}</span></span></p>
      </div>
    </div>
  </div>`,
  components: { Moment },
  props: { notices: Array },
};
