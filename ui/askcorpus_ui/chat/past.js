// Gradio runs this once, with `element`, `trigger` and `watch` in scope: the list of earlier conversations.
let renamed = "";

const rename = (item, button) =>
  askcorpus.field(item.querySelector("a"), button, (text) => {
    renamed = item.dataset.id;
    trigger("edit", { id: renamed, value: { text } });
  });

// The list is shown anew, and the field that had the keyboard is gone: it goes on at what was renamed.
const comeBack = () => {
  if (renamed && document.activeElement === document.body) element.querySelector(`[data-id="${renamed}"] a`)?.focus();
  renamed = "";
};

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
  comeBack();
  const current = element.querySelector("[aria-current]");
  if (current) document.title = `${current.textContent} · askcorpus`; // which may just have been renamed
  const gone = element.querySelector("[data-gone]")?.dataset.gone;
  if (gone && gone === document.querySelector("#last .last")?.dataset.conversation) location.href = askcorpus.root;
});
