// Whether the server hears what people do here. While it does not, nothing that needs it can be pressed, and what was
// pressed in the moment of the cut is reported instead of being forgotten.
import { watch } from "console_line";
import { say } from "console_toasts";

const SILENCE = 6000; // ms without a sign of life after which a socket that seems open is taken for dead
const KEY = "tenantry.pressed";
const AWAY = "tenantry.away"; // the page went while it was offline: the server knew its tab no more
const ACTIONS = ".content button, .content [role=button], .dialogs button";
const LOCAL = "[data-local], .live-columns *"; // what the browser does by itself
const TELLS = "[role=menuitem]"; // says itself that it waits, and why
export const connection = Vue.reactive({ online: true });
export const OFFLINE = "You are offline";
let signAt = null;
let wasOnline = false;

function look() {
  if (!window.socket || window.did_handshake === undefined) return;
  const isSilent = signAt !== null && !document.hidden && Date.now() - signAt > SILENCE;
  const online = Boolean(window.socket.connected) && window.did_handshake !== false && !isSilent;
  wasOnline ||= online;
  if (online === connection.online && online) return;
  connection.online = online;
  document.documentElement.toggleAttribute("data-offline", !online);
  for (const each of document.querySelectorAll(ACTIONS)) {
    if (each.matches(LOCAL) || each.matches(TELLS)) continue;
    if (!online && each.getAttribute("aria-disabled") !== "true") {
      each.dataset.waits = each.title;
      each.title = OFFLINE;
      each.setAttribute("aria-disabled", "true");
    } else if (online && "waits" in each.dataset) {
      each.dataset.waits ? (each.title = each.dataset.waits) : each.removeAttribute("title");
      delete each.dataset.waits;
      each.removeAttribute("aria-disabled");
    }
  }
  if (online) report();
}

// What was pressed is answered by the first message that is not a sign of life.
function press(label) {
  sessionStorage.setItem(KEY, JSON.stringify({ label, at: Date.now() }));
}
function report() {
  const pressed = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
  sessionStorage.removeItem(KEY);
  if (pressed && Date.now() - pressed.at < 300000)
    say(`The connection was cut while you pressed “${pressed.label}”. Look whether it was done before you try again.`);
}

function wordOf(button) {
  const copy = button.cloneNode(true);
  for (const icon of copy.querySelectorAll(".material-icons, .q-icon")) icon.remove();
  return button.getAttribute("aria-label") ?? copy.textContent.trim();
}

function guard(event) {
  const target = event.target.closest?.(`${ACTIONS}, .content a[href], #drawer a[href]`);
  if (!target || target.matches(LOCAL)) return;
  if (!connection.online) {
    event.preventDefault();
    event.stopImmediatePropagation();
    say(`${OFFLINE}: nothing was done. The page connects again by itself.`);
  } else if (target.matches(ACTIONS)) press(wordOf(target));
}

function listen() {
  if (!window.socket) return void setTimeout(listen, 100);
  window.socket.onAny((name) => {
    signAt = Date.now();
    if (name !== "news" && connection.online) sessionStorage.removeItem(KEY);
  });
  for (const name of ["connect", "disconnect"]) window.socket.on(name, () => Vue.nextTick(look));
  if (window.did_handshake) report();
  welcome();
}

window.addEventListener("pagehide", () => wasOnline && !connection.online && sessionStorage.setItem(AWAY, "yes"));
function welcome() {
  if (sessionStorage.getItem(AWAY) === null) return;
  sessionStorage.removeItem(AWAY);
  say("The connection was away for so long that the page was loaded anew. What you typed is kept.");
}

document.addEventListener("click", guard, true);
watch(() => { signAt = Date.now(); });
setInterval(look, 500);
Vue.nextTick(listen);
