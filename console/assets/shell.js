// What the frame does in the browser without asking the server: light or dark, and the keyboard.
(() => {
  const COOKIE = "tenantry_theme";
  const CHOICES = ["auto", "light", "dark"];
  const WORDS = { auto: "as the system", light: "light", dark: "dark" };
  const root = document.documentElement;

  function choice() {
    const found = document.cookie.split("; ").find((part) => part.startsWith(COOKIE + "="));
    const value = found?.slice(COOKIE.length + 1);
    return CHOICES.includes(value) ? value : "auto";
  }

  function show(value) {
    root.dataset.theme = value;
    for (const button of document.querySelectorAll("[data-theme-toggle]")) {
      button.setAttribute("aria-label", "Theme: " + WORDS[value]);
      button.title = "Theme: " + WORDS[value];
    }
  }

  function choose(value) {
    const secure = location.protocol === "https:" ? "; secure" : "";
    document.cookie = `${COOKIE}=${value}; path=/; max-age=31536000; samesite=lax${secure}`;
    setDark(value === "auto" ? null : value === "dark");
    show(value);
  }

  // On a wide page the drawer is there unless hidden; on a narrow one it covers the page while open.
  const narrow = window.matchMedia("(max-width: 899px)");
  const isDrawerOpen = () => (narrow.matches ? root.dataset.drawer === "open" : root.dataset.drawer !== "hidden");

  function setDrawer(open) {
    if (open) narrow.matches ? (root.dataset.drawer = "open") : delete root.dataset.drawer;
    else narrow.matches ? delete root.dataset.drawer : (root.dataset.drawer = "hidden");
    describeDrawer();
    if (narrow.matches) document.querySelector(open ? "#drawer a" : "button[data-drawer-toggle]")?.focus();
  }

  function describeDrawer() {
    document.querySelector("button[data-drawer-toggle]")?.setAttribute("aria-expanded", String(isDrawerOpen()));
  }
  narrow.addEventListener("change", () => {
    delete root.dataset.drawer;
    describeDrawer();
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-drawer-toggle]")) setDrawer(!isDrawerOpen());
    else if (narrow.matches && isDrawerOpen() && event.target.closest("#drawer a")) setDrawer(false);
    if (event.target.closest("[data-theme-toggle]")) choose(CHOICES[(CHOICES.indexOf(choice()) + 1) % CHOICES.length]);
    if (event.target.closest("[data-shortcut-help]")) help();
    if (event.target.closest("[data-shortcuts-close]") || event.target.id === "shortcuts") endHelp();
  });

  // What was typed or selected and not used ends with the session; console_drafts.js and console_selection.js keep it.
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-log-out]")) return;
    localStorage.removeItem("tenantry.drafts");
    sessionStorage.removeItem("tenantry.selection");
    root.toggleAttribute("data-leaving", true); // the answer leads away, and must be heard (presence.py)
  });

  const shortcuts = () => document.getElementById("shortcuts");
  let before = null; // what had the focus

  function help() {
    const dialog = shortcuts();
    if (!dialog?.hidden) return;
    for (const line of dialog.querySelectorAll("[data-needs]")) line.hidden = !document.querySelector(line.dataset.needs);
    before = document.activeElement;
    coverWith(dialog, true);
    dialog.querySelector("[role=dialog]").focus();
  }

  function endHelp() {
    const dialog = shortcuts();
    if (!dialog || dialog.hidden) return;
    coverWith(dialog, false);
    before?.focus();
  }

  // What lies behind can be neither reached nor read meanwhile; toasts lie above.
  function coverWith(dialog, on) {
    dialog.hidden = !on;
    for (const each of dialog.parentElement.children) if (each !== dialog) each.inert = on;
  }

  const isTyping = (target) =>
    target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && !/^(checkbox|radio|button)$/.test(target.type);

  const STEPS = { "[": "previous", "]": "next" };
  const COVERS = ".dialogs [role=dialog], #shortcuts:not([hidden]), .palette-dialog";
  let leaderAt = -Infinity; // of a page that has just been opened, no key came before
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (event.key === "Escape" && shortcuts()?.hidden === false) return endHelp();
    if (document.querySelector(COVERS)) return;
    if (event.key === "Escape" && narrow.matches && isDrawerOpen()) return setDrawer(false);
    const afterLeader = event.timeStamp - leaderAt < 1500;
    leaderAt = -Infinity;
    if (event.key === "?") help();
    else if (STEPS[event.key]) document.querySelector(`a[data-step="${STEPS[event.key]}"]`)?.click();
    else if (afterLeader) {
      event.preventDefault(); // the letter alone may mean something else in a table
      document.querySelector(`a[data-go="${CSS.escape(event.key)}"]`)?.click();
    } else if (event.key === "g") leaderAt = event.timeStamp;
  });

  // Whoever came here by a link that has gone with its page stands nowhere: they get the heading of the new one, unless
  // a field or a dialog has taken the focus meanwhile.
  let heading = null;
  function greet() {
    const found = document.querySelector(".content h1");
    if (!found || found === heading) return;
    const isFirst = heading === null;
    heading = found;
    if (!isFirst) requestAnimationFrame(() => requestAnimationFrame(() => takeIn(found)));
  }
  function takeIn(place) {
    if (document.activeElement !== document.body || document.querySelector(COVERS)) return;
    place.tabIndex = -1;
    place.focus({ preventScroll: true });
  }
  new MutationObserver(greet).observe(document.body, { childList: true, subtree: true });

  show(choice());
  // The frame is drawn after this script has run.
  new MutationObserver((_, observer) => {
    if (!document.querySelector("[data-theme-toggle]")) return;
    observer.disconnect();
    // It has no name that screen readers could tell; what takes time says so where it happens.
    window.Quasar?.LoadingBar?.setDefaults({ hijackFilter: () => false });
    show(choice());
    describeDrawer();
  }).observe(document.body, { childList: true, subtree: true });
})();

// A tab that slept past the end of its session cannot connect any more: the server says 401, and logging in helps.
function leaveWhenLoggedOut() {
  if (!window.socket) return void setTimeout(leaveWhenLoggedOut, 500);
  window.socket.on("connect_error", async () => {
    const answer = await fetch("/api/v1/tenants?limit=1").catch(() => null);
    if (answer && answer.status === 401) window.location.reload();
  });
}
leaveWhenLoggedOut();
