// The list that a page was opened from, as this tab last saw it: its address, where its rows lead, and how far down the
// reader was. It ends with the tab.
const KEY = "tenantry.list:";
let loaded = performance.getEntries().find((each) => each instanceof PerformanceNavigationTiming);
let returningTo = null; // the address that Back, or the link that leads back, has asked for

export const keepTrail = (path, trail) => sessionStorage.setItem(KEY + path, JSON.stringify(trail));
export const trailOf = (path) => JSON.parse(sessionStorage.getItem(KEY + path) ?? "null");

// The row of this link is opened, one of those of `links`, which are a page of the list.
export function leaveTrail(path, link, links) {
  const { preceding, whole, before, after } = link.closest(".list")?.querySelector(".pager")?.dataset ?? {};
  keepTrail(path, {
    preceding: preceding === undefined ? null : Number(preceding),
    whole, before, after,
    address: location.pathname + location.search,
    links: [...links].map((each) => each.getAttribute("href")),
    at: link.getAttribute("href"),
    top: link.getBoundingClientRect().top,
    scroll: window.scrollY,
  });
}

export function leadBackTo(address) {
  returningTo = address;
}
const leadHere = () => leadBackTo(location.pathname + location.search);
window.addEventListener("popstate", leadHere);
if (performance.getEntries().some((each) => each instanceof PerformanceNavigationTiming && each.type === "back_forward")) leadHere();

// Whether this is the page that somebody was at before: they came back, or loaded it anew. Told of a reload once.
export function comesBack() {
  const isReload = loaded?.type === "reload" && loaded.name.split("#")[0] === location.href.split("#")[0];
  loaded = null;
  return isReload || returningTo === location.pathname + location.search;
}

const frames = (number, act) => (number ? requestAnimationFrame(() => frames(number - 1, act)) : act());

// The row that was opened, or stepped to, stands where the opened one stood, and has the focus; without it, the page is
// as far down as it was. Rows that come into sight may turn out to be higher than was thought.
export function returnTo(place, body, focus) {
  const row = () => body()?.querySelector(`a.live-link[href="${CSS.escape(place.at)}"]`);
  const scroll = () => (row() ? window.scrollBy(0, row().getBoundingClientRect().top - place.top) : window.scrollTo(0, place.scroll));
  stayDown(scroll, () => body()?.isConnected);
  frames(2, () => {
    scroll();
    frames(1, () => {
      scroll();
      if (row()) focus(row().closest("tr").dataset.id);
    });
  });
}

// NiceGUI scrolls a new page to its top whenever it gets round to it, which is none of the reader's doing: undone until
// the reader does something, or the list is gone.
function stayDown(scroll, isThere) {
  const over = new AbortController();
  for (const sign of ["wheel", "pointerdown", "touchstart", "keydown", "popstate"]) window.addEventListener(sign, () => over.abort(), { capture: true, signal: over.signal });
  window.addEventListener("scroll", () => (isThere() ? window.scrollY === 0 && scroll() : over.abort()), { signal: over.signal });
}

// Where the reader stood, for those who come back to the list as they left it; told once.
export function placeIn(path) {
  const trail = trailOf(path);
  const asked = returningTo;
  returningTo = null;
  return trail && trail.address === asked ? trail : null;
}
