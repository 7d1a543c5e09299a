// Loads the page when the database answers again. A refresh of the page as such would interrupt whoever reads it.
(() => {
  const PAUSE = 5000; // milliseconds

  async function look() {
    const answer = await fetch("/readyz", { cache: "no-store" }).catch(() => null);
    if (answer?.ok) location.reload();
    else setTimeout(look, PAUSE);
  }

  setTimeout(look, PAUSE);
})();
