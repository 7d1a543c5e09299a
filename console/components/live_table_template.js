// The markup of a live table. Text reaches the page through {{ }} and attributes only.
export default `
<div class="live" ref="root" :data-loading="loading" :data-keyboard="keyboard || undefined" :data-selectable="selectable || undefined" :data-selecting="hasSelection || undefined" :data-layout="layout || undefined" :data-wide="room < needed || undefined" :data-more="entries.length && room < needed && !atEnd || undefined" @pointerenter="enter" @pointerleave="leave">
  <span class="visually-hidden" role="status">{{ waiting.size ? waiting.size + (waiting.size > 1 ? ' new rows' : ' new row') : '' }}</span>
  <div class="live-strip" v-show="loading || entries.length || waiting.size">
    <button v-if="waiting.size" type="button" ref="pill" class="live-pill" @click="showNew" @blur="blur">
      <i class="material-icons notranslate" aria-hidden="true">arrow_upward</i>+{{ waiting.size }} new</button>
    <div v-if="hideables.length && entries.length" class="live-columns" @keydown.esc="closeMenu">
      <button ref="menuButton" type="button" class="live-icon" :aria-expanded="menuOpen" aria-label="Choose columns"
        title="Choose columns" @click="menuOpen = !menuOpen"><i class="material-icons notranslate" aria-hidden="true">view_column</i></button>
      <fieldset v-if="menuOpen" class="live-menu"><legend>Columns</legend>
        <label v-for="c in hideables" :key="c.name"><input type="checkbox" autocomplete="off" :checked="shown.includes(c)" @change="toggleColumn(c.name)"> {{ c.label }}</label>
      </fieldset>
    </div>
  </div>
  <div class="live-tools" v-if="entries.length && (selectable || sortables.length)">
    <label v-if="selectable" class="live-check"><input type="checkbox" autocomplete="off" :checked="allSelected" :indeterminate.prop="someSelected"
      @change="toggleAll"> All on this page</label>
    <label v-if="sortables.length" class="live-sort"><span class="visually-hidden">Sort by</span>
      <select autocomplete="off" :value="sortName ? sortName + (sortDown ? ':d' : ':a') : ''" @change="sortFromMenu">
        <option value="">Sort by</option>
        <template v-for="c in sortables" :key="c.name"><option :value="c.name + ':a'">{{ c.label }} ↑</option>
          <option :value="c.name + ':d'">{{ c.label }} ↓</option></template></select></label>
  </div>
  <div v-show="loading || entries.length" class="live-scroll" role="region" :aria-label="caption" tabindex="0" @scroll.passive="lookForEnd"><table class="live-table" role="table" :style="{ minWidth: needed + 'px', '--tracks': tracks }">
    <caption class="visually-hidden">{{ caption }}</caption>
    <thead role="rowgroup"><tr role="row">
      <th v-if="selectable" scope="col" role="columnheader" class="k-check"><label class="live-hit"><input
        type="checkbox" autocomplete="off" aria-label="Select all rows on this page" :checked="allSelected" :indeterminate.prop="someSelected"
        :disabled="!entries.length" @change="toggleAll"></label></th>
      <th v-for="c in shown" :key="c.name" scope="col" role="columnheader" :class="['k-' + c.kind, 'a-' + c.align]"
        :aria-sort="sortName === c.name ? (sortDown ? 'descending' : 'ascending') : undefined">
        <button v-if="c.sortable" type="button" class="live-head" @click="sortBy(c.name)">{{ c.label }}<i class="material-icons notranslate"
          aria-hidden="true">{{ sortName === c.name ? (sortDown ? 'arrow_downward' : 'arrow_upward') : 'unfold_more' }}</i></button>
        <template v-else>{{ c.label }}</template></th>
      <th v-if="actions.length" scope="col" role="columnheader" class="k-actions"><span class="visually-hidden">Actions</span></th>
    </tr></thead>
    <tbody v-if="loading" role="rowgroup" aria-hidden="true"><tr v-for="n in 8" :key="n" role="row" class="live-skeleton">
      <td v-if="selectable" role="cell" class="k-check"></td><td v-for="c in shown" :key="c.name" role="cell" :class="'k-' + c.kind"><span></span></td>
      <td v-if="actions.length" role="cell"></td></tr></tbody>
    <tbody v-else role="rowgroup" ref="body" @click.capture="depart" @auxclick.capture="depart" @focusin="focused = true" @focusout="blur">
      <tr v-for="(e, i) in entries" :key="e.row.id" v-memo="[e, isSelected(e.row.id), current === e.row.id, version, heads[e.row.id]]" role="row" tabindex="-1"
        @click="pressRow" @auxclick="pressRow" :data-id="e.row.id" :aria-selected="selectable ? isSelected(e.row.id) : undefined" :aria-busy="e.busy || undefined" :title="e.gone ? 'No longer in this list. It says what it said before.' : undefined" :data-tone="f.tone(columns, e.row)" :data-group="!heads[e.row.id] ? undefined : heads[e.row.id] === 'joined' ? 'joined' : 'first'"
        :class="{ selected: isSelected(e.row.id), current: current === e.row.id, gone: e.gone, flash0: e.flash && e.flash % 2, flash1: e.flash && !(e.flash % 2) }">
        <td v-if="heads[e.row.id] && heads[e.row.id] !== 'joined'" role="cell" class="live-group"><a :href="f.fill(group.href, e.row)"><bdi>{{ f.clip(e.row[group.label], 300) }}</bdi></a>
          <span>{{ heads[e.row.id] }}</span></td>
        <td v-if="selectable" role="cell" class="k-check"><label class="live-hit"><input
          type="checkbox" autocomplete="off" :aria-label="'Select ' + nameOf(e.row)" :checked="isSelected(e.row.id)" :disabled="!canToggle(e)" @click="toggle(e.row.id, $event.shiftKey)"></label></td>
        <td v-for="c in shown" :key="c.name" role="cell" :class="['k-' + c.kind, 'a-' + c.align]" :data-label="c.label" :data-column="c.name">
          <span v-if="c.kind === 'status'" class="badges"><span v-if="filled(e.row[c.name])" class="badge" :data-status="e.row[c.name]">{{ f.clip(f.word(e.row[c.name]), 24) }}</span><span v-else class="live-none">–</span>
            <span v-if="c.secondary && filled(e.row[c.secondary])" class="badge" :data-tone="e.row[c.tone]" :title="f.spokenInFull(e.row[c.secondary])"><span>{{ f.clip(f.spoken(e.row[c.secondary]), 40) + " " }}</span>
              <time v-if="filled(e.row[c.since])" :data-for="at(e.row[c.since])" :datetime="f.iso(at(e.row[c.since]))" :title="f.absolute(at(e.row[c.since]))">{{ f.age(at(e.row[c.since]), now()) }}</time></span></span>
          <template v-else-if="c.kind === 'link'">
            <a v-if="c.href" class="live-link" :href="f.fill(c.href, e.row)" @click="follow($event, e, c)" :title="f.clip(e.row[c.name])"><bdi>{{ f.clip(e.row[c.name], 300) }}</bdi></a>
            <button v-else type="button" class="live-link" @click="$emit('open', e.row.id)"><bdi>{{ f.clip(e.row[c.name], 300) }}</bdi></button></template>
          <time v-else-if="c.kind === 'time' && filled(e.row[c.name])" :data-at="at(e.row[c.name])" :datetime="f.iso(at(e.row[c.name]))" :title="f.absolute(at(e.row[c.name]))">{{ f.ago(at(e.row[c.name]), now()) }}</time>
          <span v-else-if="c.kind === 'duration'" :data-since="since(e.row, c)">{{ lasted(e.row, c) }}</span>
          <span v-else-if="c.kind === 'progress'" class="live-progress"><span>{{ f.count(e.row[c.name]) }}/{{ f.count(e.row[c.total]) }}</span>
            <span class="live-bar" aria-hidden="true" :data-full="e.row[c.total] && e.row[c.name] >= e.row[c.total] || undefined"><span :style="{ width: share(e.row, c) }"></span></span></span>
          <span v-else-if="c.kind === 'number'">{{ f.count(e.row[c.name]) }}</span>
          <button v-else-if="c.kind === 'id' && filled(e.row[c.name])" type="button" class="live-copy" data-local :title="e.row[c.name]" :aria-label="'Copy ' + c.label + ' ' + e.row[c.name]"
            @click="copy(e.row[c.name], c.label)"><span>{{ f.tail(e.row[c.name]) }}</span><i class="material-icons notranslate" aria-hidden="true">content_copy</i></button>
          <span v-else-if="c.kind === 'error' && filled(e.row[c.name])" class="live-text" :title="f.clip(f.spokenInFull(e.row[c.name]) ?? e.row[c.name])"><bdi>{{ f.clip(f.spoken(e.row[c.name])) }}</bdi></span>
          <span v-else-if="filled(e.row[c.name])" class="live-text" :title="f.clip(e.row[c.name])"><bdi>{{ f.clip(e.row[c.name]) }}</bdi></span>
          <span v-else class="live-none">–</span>
          <span v-if="c.kind !== 'status' && (filled(e.row[c.lead]) || filled(e.row[c.secondary]))" class="live-second"><b v-if="filled(e.row[c.lead])" :title="'Who must act: ' + f.clip(e.row[c.lead], 300)"><span class="visually-hidden">Who must act: </span>{{ f.clip(e.row[c.lead], 300) }}</b><template v-if="filled(e.row[c.lead]) && filled(e.row[c.secondary])"> · </template><bdi v-if="filled(e.row[c.secondary])">{{ f.clip(e.row[c.secondary], 300) }}</bdi><template v-if="filled(e.row[c.secondary]) && filled(e.row[c.until])">, next try
            <time :data-until="at(e.row[c.until])" :datetime="f.iso(at(e.row[c.until]))" :title="f.absolute(at(e.row[c.until]))">{{ f.countdown(at(e.row[c.until]), now()) }}</time></template></span>
          <a v-if="c.note && filled(e.row[c.note])" class="live-note" :href="f.fill(c.note_href, e.row)">{{ f.clip(e.row[c.note], 300) }}</a>
        </td>
        <td v-if="actions.length" role="cell" class="k-actions"><span class="live-actions">
          <button v-for="a in offered(e.row)" :key="a.name" type="button" class="live-icon" :class="{ danger: a.danger, worded: a.worded }" :aria-disabled="!!reason(e, a) || undefined"
            :title="reason(e, a) ? a.label + ': ' + reason(e, a) : a.label" :aria-label="a.label + ' ' + nameOf(e.row) + (reason(e, a) ? ', not possible: ' + reason(e, a) : '')"
            @click="act(e, a)"><i class="material-icons notranslate" aria-hidden="true">{{ a.icon }}</i><span class="live-action-word">{{ a.label }}</span></button></span></td>
      </tr>
    </tbody></table></div>
  <div v-if="!loading && !entries.length" class="empty" :data-kind="empty.kind"><i class="material-icons notranslate" aria-hidden="true">{{ empty.icon }}</i>
    <h3>{{ empty.title }}</h3><p v-if="empty.text">{{ empty.text }}</p><a v-if="empty.href" class="button" :href="empty.href">{{ empty.action }}</a></div>
</div>`;
