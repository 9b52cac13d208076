// Gradio runs this once, with `element`, `trigger` and `watch` in scope: the list of earlier conversations.
let renamed = "";
let deleted = -1; // its place in the list

const rename = (item, button) =>
  askcorpus.field(item.querySelector("a"), button, (text) => {
    renamed = item.dataset.id;
    trigger("edit", { id: renamed, value: { text } });
  });

// The list is shown anew, and the field or the button that had the keyboard is gone: it goes on at what was renamed, or at
// what stands where the deleted one stood.
const comeBack = () => {
  const links = [...element.querySelectorAll("[data-id] a")];
  const next = renamed ? element.querySelector(`[data-id="${renamed}"] a`) : links[Math.min(deleted, links.length - 1)];
  if ((renamed || deleted >= 0) && document.activeElement === document.body) next?.focus();
  renamed = "";
  deleted = -1;
};

const isSecondClick = secondClickIn(element);

element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-act]");
  if (!button) return;
  const item = button.closest("[data-id]");
  if (button.dataset.act === "rename") return rename(item, button);
  if (!isSecondClick(button, button.dataset.sure)) return;
  deleted = [...element.querySelectorAll("[data-id]")].indexOf(item);
  trigger("delete", { id: item.dataset.id });
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
