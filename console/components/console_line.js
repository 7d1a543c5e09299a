// What the server tells all viewers of a view alike. Frames may overtake the messages that draw the page, so each names
// the view and its edition: [view, edition, news], or [view, edition] for where one should be. A sign of life is the number
// of seconds since the server has read its sources, and { now }, the time by its clock. News are a sign that it read just now.
const KEPT = 50; // frames that came before the part of the page that follows them
const PATIENCE = 3000; // ms for which an answer may be on its way
let recent = [];
let isListening = false;
const latest = new Map(); // the edition of each view that was told of last
const followers = new Set();
const watchers = new Set();

function hear(...frames) {
  const told = frames.filter(Array.isArray);
  const age = frames.find((frame) => typeof frame === "number") ?? (told.some((frame) => frame.length > 2) ? 0 : null);
  recent = [...recent, ...told].slice(-KEPT);
  for (const [view, edition] of told) latest.set(view, edition);
  const now = frames.find((frame) => frame?.now)?.now;
  if (age !== null) for (const watcher of watchers) watcher(age, now);
  for (const frame of told) for (const follower of [...followers]) follower.hear(frame);
}
window.hearNews = hear;

// NiceGUI opens the socket when everything is mounted.
function listen() {
  if (isListening || !window.socket) return;
  isListening = true;
  window.socket.on("news", hear);
}

// Hears the age of every sign of life, and the time if it was told; returns how to end that.
export function watch(watcher) {
  watchers.add(watcher);
  Vue.nextTick(listen);
  return () => watchers.delete(watcher);
}

// Takes the news of one view, each once and in order; what is missing is asked for by `fallBehind`.
export class Follower {
  constructor(take, fallBehind) {
    Object.assign(this, { take, fallBehind, view: null, edition: 0, isBehind: false, askedAt: 0 });
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
    if (!this.isBehind) this.hear([view, latest.get(view) ?? edition]);
  }
  hear([view, edition, news]) {
    if (view !== this.view || edition <= this.edition) return;
    if (!this.isBehind && news !== undefined && edition === this.edition + 1) this.show(edition, news);
    // Perhaps again: the question before may have been lost with its connection, or the database did not answer it.
    else if (!this.isBehind || news === undefined || Date.now() - this.askedAt > PATIENCE) this.ask();
  }
  show(edition, news) {
    try {
      this.take(news);
      this.edition = edition;
    } catch (error) {
      console.error(error);
      this.ask();
    }
  }
  ask() {
    this.isBehind = true;
    this.askedAt = Date.now();
    this.fallBehind();
  }
}
