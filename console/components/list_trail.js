// The way back to the list that this page belongs to, filters and all, and the steps to its neighbours there.
import { count } from "console_formats";
import { keepTrail, leadBackTo, trailOf } from "console_trail";

const STEPS = [
  { name: "previous", by: -1, icon: "chevron_left", word: "Previous of this list", key: "[", end: "This is the first row of the list.", page: "before" },
  { name: "next", by: 1, icon: "chevron_right", word: "Next of this list", key: "]", end: "This is the last row of the list.", page: "after" },
];
const PAGES = { before: "This is the first row of its page: to the page before it in the list", after: "This is the last row of its page: to the page after it in the list" };

// The list at another of its pages.
function turned(address, cursor) {
  const [path, query] = address.split("?");
  const asked = new URLSearchParams(query);
  asked.set("cursor", cursor);
  return `${path}?${asked}`;
}

export default {
  template: `
  <div class="page-way">
    <a class="page-back" :href="address" @click="leadBackTo(address)"><i class="q-icon material-icons notranslate" aria-hidden="true">arrow_back</i>
      <span>{{ label }}</span></a>
    <nav v-if="at >= 0" class="page-steps" :data-here="here" aria-label="Through the list">
      <a v-for="step in steps" :key="step.name" class="icon-button" :href="step.href" :data-step="step.href ? step.name : null" :role="step.href ? null : 'link'"
        :aria-disabled="step.href ? null : 'true'" :aria-label="step.word" :title="step.title"><i class="material-icons notranslate" aria-hidden="true">{{ step.icon }}</i></a>
      <span class="page-step figures">{{ place }}</span>
    </nav>
  </div>`,
  props: { label: String, path: String, here: String },
  created() {
    this.trail = trailOf(this.path);
    this.at = this.trail?.links.indexOf(this.here) ?? -1;
    this.address = this.trail?.address ?? this.path;
    if (this.at >= 0) keepTrail(this.path, { ...this.trail, at: this.here });
    const { preceding = null, whole, links } = this.trail ?? {};
    this.place = preceding === null ? `${this.at + 1} of ${links?.length} on its page` : `${count(preceding + this.at + 1)} of ${whole}`;
    this.steps = STEPS.map((step) => {
      const cursor = this.trail?.[step.page];
      const row = links?.[this.at + step.by];
      const href = row ?? (cursor ? turned(this.trail.address, cursor) : null);
      return { ...step, href, title: row ? `${step.word} (${step.key})` : href ? `${PAGES[step.page]} (${step.key})` : step.end };
    });
  },
  methods: { leadBackTo },
};
