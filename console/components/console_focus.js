// Where the focus was in the page, so that it can go back there after what covered the page has gone.
const COVERS = ".q-menu, .dialogs, .palette-dialog"; // they come and go; the focus returns to what is behind them
let last = null;

document.addEventListener("focusin", (event) => {
  if (!event.target.closest(COVERS)) last = event.target;
});

// What has the focus in the page now, or had it last.
export function anchor() {
  const now = document.activeElement;
  const found = now && now !== document.body && !now.closest(COVERS) ? now : last;
  // Quasar gives the focus of a pressed button to a part of it that cannot be seen.
  const element = found?.closest("a[href], button, input, textarea, [tabindex='0']") ?? found;
  return { element, label: element?.getAttribute("aria-label") ?? element?.textContent?.trim() };
}

const HELD = 3000; // ms in which what was done may take away the button that led to it
const title = () => document.querySelector(".content h1");

function focus(place) {
  if (place && place.tagName === "H1") place.tabIndex = -1;
  place?.focus();
}

// Whoever would be left without a place, as theirs was drawn anew, gets the title.
function hold(place, until) {
  if (document.activeElement === place && Date.now() < until) setTimeout(() => hold(place, until), 100);
  else if (document.activeElement === document.body && !place.isConnected) focus(title());
}

// Back to it; a redraw may have put another one in its place, else the page's title has to do.
export function refocus({ element, label }) {
  Vue.nextTick(() => {
    if (document.querySelector(".dialogs [role=dialog]")) return; // one follows the other
    const twin = () => [...document.querySelectorAll(".content button, .content a")].find(
      (each) => label && (each.getAttribute("aria-label") ?? each.textContent.trim()) === label,
    );
    const place = element?.isConnected && !element.disabled ? element : (twin() ?? title());
    focus(place);
    if (place) hold(place, Date.now() + HELD);
  });
}
