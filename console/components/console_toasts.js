// What the browser says in the corner by itself, in the manner of feedback.py.
const ICONS = { success: "check_circle", error: "error" };

export const say = (message, tone = "error") =>
  window.Quasar?.Notify.create({
    message, position: "bottom-right", classes: "toast", textColor: "toast", icon: ICONS[tone], closeBtn: "Close",
    timeout: tone === "error" ? 10000 : 5000, attrs: { "data-tone": tone, role: tone === "error" ? "alert" : "status" },
  });

// The button stays where the focus is; what has become of it is read out after that.
export async function copy(text, label) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Browsers keep the clipboard from pages that came without TLS, and from those that people keep it from.
    return void say(`${label} could not be copied: the browser does not allow it. Mark it and copy it by hand: ${text}`);
  }
  say(`${label} copied: ${text}`, "success");
}
