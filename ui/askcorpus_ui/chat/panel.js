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

document.addEventListener(
  "click",
  (event) => {
    if (event.target.closest(".panel-close")) return close();
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
  card.focus({ preventScroll: true });
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const mark = card.querySelector("mark.active") ?? card;
  card.scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
  mark.scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
});
