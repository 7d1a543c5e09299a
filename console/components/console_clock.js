// The server's clock. That of this machine may be wrong by minutes, and every age would be with it.
const TRAVEL = 5000; // ms that the page may have taken to get here, which is no error of a clock
const told = Number(document.querySelector("meta[name=server-time]")?.content);
const off = told ? told - Date.now() : 0;
const skew = Math.abs(off) > TRAVEL ? off : 0;

export const now = () => Date.now() + skew;
