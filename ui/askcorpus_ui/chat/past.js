// Gradio runs this once, with `element`, `trigger` and `watch` in scope: the list of earlier conversations.
const rename = (item, name) => {
  const link = item.querySelector("a");
  const form = askcorpus.field(link.textContent, name, (text) => trigger("edit", { id: item.dataset.id, value: { text } }));
  link.after(form);
  form.querySelector("textarea").focus();
};

// What would be deleted by a second click is so only until something else is done.
const disarm = (but) => {
  for (const button of element.querySelectorAll("[data-asked]")) {
    if (button === but) continue;
    const { word, name } = button.dataset;
    delete button.dataset.asked;
    button.textContent = word;
    button.setAttribute("aria-label", name);
  }
};
element.addEventListener("focusout", () => disarm());
document.addEventListener("keydown", (event) => event.key === "Escape" && disarm(), true);

element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-act]");
  disarm(button);
  if (!button) return;
  const item = button.closest("[data-id]");
  if (button.dataset.act === "rename") return rename(item, button.textContent);
  if (!button.dataset.asked) {
    // The second click deletes.
    Object.assign(button.dataset, { asked: "yes", word: button.textContent, name: button.getAttribute("aria-label") });
    button.removeAttribute("aria-label");
    button.textContent = button.dataset.sure;
    return;
  }
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
  const gone = element.querySelector("[data-gone]")?.dataset.gone;
  if (gone && gone === document.querySelector("#last .last")?.dataset.conversation) location.href = askcorpus.root;
});
