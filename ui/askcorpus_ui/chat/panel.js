// Gradio runs this once, with `element`, `trigger` and `watch` in scope.
// One listener serves every citation, also those of answers that do not exist yet.
const evidence = document.querySelector("#evidence");
const LINK = '#chat a[href*="source/"]';
let opener = null;

const open = (link) => {
  const index = Number(link.closest("[data-turn]").dataset.turn);
  opener = link;
  trigger("select", { index, href: link.getAttribute("href") });
  evidence.classList.add("open");
};

const close = () => {
  evidence.classList.remove("open");
  if (opener && opener.isConnected) opener.focus();
  opener = null;
};

// To the citation before or after the one that is open, of the answer that the panel belongs to.
let stepped = 0;

const step = (by) => {
  const turn = (opener?.isConnected ? opener : document.querySelector("#last a.cite")).closest("[data-turn]");
  const links = [...new Map([...turn.querySelectorAll("a.cite")].map((link) => [link.getAttribute("href"), link])).values()];
  const at = opener ? links.findIndex((link) => link.getAttribute("href") === opener.getAttribute("href")) : -1;
  const from = at < 0 && by < 0 ? 0 : at;
  const link = links[(from + by + links.length) % links.length];
  link.closest("details")?.setAttribute("open", "");
  stepped = by;
  open(link);
};

document.addEventListener(
  "click",
  (event) => {
    if (event.target.closest(".panel-close")) return close();
    const stepping = event.target.closest(".panel-step");
    if (stepping) return step(Number(stepping.dataset.step));
    const copying = event.target.closest("#panel [data-copy]");
    if (copying) return askcorpus.copy(copying.dataset.copy, copying);
    const link = event.target.closest(LINK);
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    open(link);
  },
  true,
);

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && (evidence.classList.contains("open") || element.contains(document.activeElement))) close();
});

watch("value", () => {
  const card = element.querySelector(".card.active");
  if (!card) return;
  // Who goes from one to the next stays on the button that leads on.
  const button = stepped && element.querySelector(`.panel-step[data-step="${stepped}"]`);
  (button || card).focus({ preventScroll: true });
  stepped = 0;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const mark = card.querySelector("mark.active") ?? card;
  card.scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
  mark.scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
});
