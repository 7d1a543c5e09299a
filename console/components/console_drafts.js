// What people typed and have not used yet, and reasons they gave lately: in this browser only, for one viewer at a time.
const PLACE = "tenantry.drafts"; // shell.js empties it at log-out
const LIFE = 12 * 3600 * 1000; // ms for which a draft is kept
const MOST_REASONS = 5;

function load() {
  const viewer = document.querySelector("[data-viewer]")?.dataset.viewer ?? "";
  try {
    const kept = JSON.parse(localStorage.getItem(PLACE));
    if (kept?.viewer === viewer) return kept;
  } catch {
    // not ours, or no storage: begin anew
  }
  return { viewer, drafts: {}, reasons: [] };
}

function save(kept) {
  try {
    localStorage.setItem(PLACE, JSON.stringify(kept));
  } catch {
    // a full or forbidden storage costs the draft, not the page
  }
}

// What was typed under this name, or null.
export function draft(name) {
  const found = load().drafts[name];
  return found && Date.now() - found.at < LIFE ? found.value : null;
}

// Keep it; what is empty is dropped.
export function keepDraft(name, value) {
  if (!name) return;
  const kept = load();
  const now = Date.now();
  kept.drafts = Object.fromEntries(Object.entries(kept.drafts).filter(([, each]) => now - each.at < LIFE));
  if (value) kept.drafts[name] = { value, at: now };
  else delete kept.drafts[name];
  save(kept);
}

// The latest first.
export const reasons = () => load().reasons;

export function rememberReason(reason) {
  const kept = load();
  kept.reasons = [reason, ...kept.reasons.filter((each) => each !== reason)].slice(0, MOST_REASONS);
  save(kept);
}
