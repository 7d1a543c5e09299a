// What the browser says in the corner by itself, in the manner of feedback.py.
const ICONS = { success: "check_circle", error: "error" };

export const say = (message, tone = "error") =>
  window.Quasar?.Notify.create({
    message, position: "bottom-right", classes: "toast", textColor: "toast", icon: ICONS[tone], closeBtn: "Close",
    timeout: tone === "error" ? 10000 : 5000, attrs: { "data-tone": tone, role: tone === "error" ? "alert" : "status" },
  });

// The button stays where the focus is; what has become of it is read out after that.
const REFUSED = "could not be copied: the browser does not allow it.";

async function written(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // browsers keep the clipboard from pages without TLS, and from those that people keep it from
  }
}

export async function copy(text, label) {
  if (await written(text)) say(`${label} copied: ${text}`, "success");
  else say(`${label} ${REFUSED} Mark it and copy it by hand: ${text}`);
}

// Of a text that is too long to be read in a corner.
export async function copyQuietly(text, label) {
  if (await written(text)) say(`${label} copied.`, "success");
  else say(`${label} ${REFUSED} Open the page by https, or allow it in the browser's settings.`);
}
