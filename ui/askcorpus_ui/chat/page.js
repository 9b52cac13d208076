// The few things a page needs that the server cannot do for it.
globalThis.askcorpus = {
  start() {
    const french = navigator.language.startsWith("fr");
    document.documentElement.lang = french ? "fr" : "en";
    const theme = localStorage.getItem("askcorpus.theme");
    if (theme) document.body.classList.toggle("dark", theme === "dark");
    const names = french
      ? { "#menu": "Conversations précédentes", "#theme": "Clair ou sombre", ".toggle-button": "Fermer" }
      : { "#menu": "Earlier conversations", "#theme": "Light or dark", ".toggle-button": "Close" };
    for (const [selector, name] of Object.entries(names)) document.querySelector(selector)?.setAttribute("aria-label", name);
    // Gradio names each bubble by its raw Markdown, which a screen reader would read out instead of the text.
    const unname = () => document.querySelectorAll("#chat [data-testid][aria-label]").forEach((each) => each.removeAttribute("aria-label"));
    new MutationObserver(unname).observe(document.querySelector("#chat"), { childList: true, subtree: true, attributeFilter: ["aria-label"] });
    document.addEventListener("click", askcorpus.copyAsRead, true);
  },

  // Copies what people read, not the Markdown and links behind it.
  copyAsRead(event) {
    const bubble = event.target.closest("#chat .message-buttons button[aria-label='Copy message']")?.closest(".message-row");
    if (!bubble) return;
    const text = bubble.querySelector(".message-content").innerText;
    navigator.clipboard?.writeText(text);
    if (navigator.clipboard) event.stopPropagation();
  },

  toggleConversations() {
    document.querySelector(".toggle-button").click();
  },

  toggleTheme() {
    const dark = document.body.classList.toggle("dark");
    localStorage.setItem("askcorpus.theme", dark ? "dark" : "light");
  },

  download(text) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/markdown" }));
    link.download = "askcorpus.md";
    link.click();
    URL.revokeObjectURL(link.href);
  },
};
