// The server's clock. That of this machine may be wrong by minutes, and every age would be with it; or it is put right
// meanwhile. What the server tells is late by its way here: of two times that were told, the later one is nearer.
import { watch } from "console_line";

const LIFE = 600000; // ms for which one time that was told is held against others; the server's clock may be put back, too
const PUT = 1000; // ms by which this machine's clock must have moved against one that nobody sets, to have been put
let skew = 0;
let learnt = null; // when, by both clocks

const drift = () => Date.now() - performance.now();

// `heardAt` is by the clock that nobody sets.
function learn(told, heardAt) {
  const ahead = told - (drift() + heardAt);
  if (learnt && ahead < skew && heardAt - learnt.at < LIFE && Math.abs(drift() - learnt.drift) < PUT) return;
  skew = ahead;
  learnt = { at: heardAt, drift: drift() };
}

// The document tells the time at which it was made. However late the rest of the page comes, this is when it came.
const told = Number(document.querySelector("meta[name=server-time]")?.content);
const way = performance.getEntries().find((each) => each instanceof PerformanceNavigationTiming);
if (told && way?.responseStart) learn(told, way.responseStart);
watch((_, told) => told && learn(told, performance.now()));

export const now = () => Date.now() + skew;
