// Where moments stand on a line of time. Pure: everything comes in, shares of the line go out.
const LEAST_FOLDED = 5000; // ms of idle time that may be folded
const ROOM = 2; // times the rest of the line that all folded stretches together may take

// Stretches of the line in which something is done, and those between them.
function stretches(first, last, busy) {
  const inside = busy
    .map(([from, to]) => [Math.max(first, from), Math.min(last, to)])
    .filter(([from, to]) => to > from)
    .sort((a, b) => a[0] - b[0]);
  const result = [];
  let at = first;
  for (const [from, to] of inside) {
    if (from > at) result.push({ from: at, to: from, idle: true });
    if (to > at) result.push({ from: Math.max(at, from), to, idle: false });
    at = Math.max(at, to);
  }
  if (last > at) result.push({ from: at, to: last, idle: true });
  return result;
}

// `at(ms)` gives the share of the line; `folds` are stretches drawn shorter than they are: idle time beside which
// nobody could see the rest. Without any work, the line is as long as the time.
export function scale(first, last, busy) {
  const parts = stretches(first, Math.max(last, first + 1), busy);
  const length = (some) => some.reduce((sum, part) => sum + part.to - part.from, 0);
  const isIdle = (part) => part.idle && part.to - part.from > LEAST_FOLDED;
  const rest = parts.some((part) => !part.idle) ? length(parts.filter((part) => !isIdle(part))) : Infinity;
  const isLong = (part) => isIdle(part) && part.to - part.from > ROOM * rest;
  const number = parts.filter(isLong).length;
  let place = 0;
  for (const part of parts) {
    part.folded = isLong(part);
    part.start = place;
    place += part.size = part.folded ? (ROOM * rest) / number : part.to - part.from;
  }
  const at = (ms) => {
    const part = parts.find((each) => ms <= each.to) ?? parts.at(-1);
    const inside = Math.min(1, Math.max(0, (ms - part.from) / (part.to - part.from)));
    return (part.start + inside * part.size) / place;
  };
  const folds = parts
    .filter((part) => part.folded)
    .map((part) => ({ from: part.from, to: part.to, at: (part.start + part.size / 2) / place }));
  return { at, folds };
}

const SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
const STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND), ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR), ...[1, 2, 5, 10, 30, 100, 365].map((n) => n * DAY),
];

// Round moments of the viewer's clock, four at most; `zone` is how many ms it goes before UTC.
export function rounds(first, last, zone) {
  const step = STEPS.find((each) => (last - first) / each <= 4) ?? (last - first) / 3;
  const result = [];
  for (let at = Math.ceil((first + zone) / step) * step - zone; at < last; at += step) result.push(at);
  return result;
}
