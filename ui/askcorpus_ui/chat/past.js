// Gradio runs this once, with `element`, `trigger` and `watch` in scope: the list of earlier conversations.
const rename = (item, button) =>
  askcorpus.field(item.querySelector("a"), button, (text) => trigger("edit", { id: item.dataset.id, value: { text } }));

const isSecondClick = secondClickIn(element);

element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-act]");
  if (!button) return;
  const item = button.closest("[data-id]");
  if (button.dataset.act === "rename") return rename(item, button);
  if (isSecondClick(button, button.dataset.sure)) trigger("delete", { id: item.dataset.id });
});

// The server wrote the times by its own clock.
const byThisClock = () => {
  const region = element.querySelector("[data-region]")?.dataset.region;
  for (const time of element.querySelectorAll("time")) {
    const when = new Date(1000 * time.dataset.seconds);
    const today = when.toDateString() === new Date().toDateString();
    time.dateTime = when.toISOString();
    time.textContent = when.toLocaleString(`${region}-u-nu-latn`, today ? { timeStyle: "short" } : { dateStyle: "medium" });
  }
};

watch("value", () => {
  byThisClock();
  const current = element.querySelector("[aria-current]");
  if (current) document.title = `${current.textContent} · askcorpus`; // which may just have been renamed
  const gone = element.querySelector("[data-gone]")?.dataset.gone;
  if (gone && gone === document.querySelector("#last .last")?.dataset.conversation) location.href = askcorpus.root;
});
