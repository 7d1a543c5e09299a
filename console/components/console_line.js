// What the server tells all viewers of a view alike. Frames may overtake the messages that draw the page, so each names
// the view and its edition: [view, edition, news], or [view, edition] for where one should be, or a number of seconds
// since the server has read its sources.
const KEPT = 50; // frames that came before the part of the page that follows them
let recent = [];
let isListening = false;
const followers = new Set();
const watchers = new Set();

function hear(...frames) {
  const age = frames.find((frame) => typeof frame === "number") ?? 0;
  const news = frames.filter(Array.isArray);
  recent = [...recent, ...news].slice(-KEPT);
  for (const watcher of watchers) watcher(age);
  for (const frame of news) for (const follower of [...followers]) follower.hear(frame);
}
window.hearNews = hear;

// NiceGUI opens the socket when everything is mounted.
function listen() {
  if (isListening || !window.socket) return;
  isListening = true;
  window.socket.on("news", hear);
}

// Hears the age of every sign of life; returns how to end that.
export function watch(watcher) {
  watchers.add(watcher);
  Vue.nextTick(listen);
  return () => watchers.delete(watcher);
}

// Takes the news of one view, each once and in order; what is missing is asked for by `fallBehind`.
export class Follower {
  constructor(take, fallBehind) {
    Object.assign(this, { take, fallBehind, view: null, edition: 0, isBehind: false });
  }
  join() {
    followers.add(this);
    Vue.nextTick(listen);
  }
  leave() {
    followers.delete(this);
  }
  // The whole of this edition is being shown.
  follow([view, edition]) {
    Object.assign(this, { view, edition, isBehind: false });
    for (const frame of recent) this.hear(frame);
  }
  hear([view, edition, news]) {
    if (view !== this.view || edition <= this.edition || this.isBehind) return;
    if (news !== undefined && edition === this.edition + 1) {
      this.edition = edition;
      this.take(news);
    } else {
      this.isBehind = true;
      this.fallBehind();
    }
  }
}
