// Gradio runs this once, with `element`, `trigger` and `watch` in scope: the list of earlier conversations.
const rename = (item, name) => {
  const link = item.querySelector("a");
  const form = askcorpus.field(link.textContent, name, (text) => trigger("edit", { id: item.dataset.id, value: { text } }));
  link.after(form);
  form.querySelector("textarea").focus();
};

element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-act]");
  if (!button) return;
  const item = button.closest("[data-id]");
  if (button.dataset.act === "rename") return rename(item, button.textContent);
  if (!button.dataset.asked) {
    // The second click deletes.
    button.dataset.asked = "yes";
    button.removeAttribute("aria-label");
    button.textContent = button.dataset.sure;
    return;
  }
  trigger("delete", { id: item.dataset.id });
});

watch("value", () => {
  const gone = element.querySelector("[data-gone]")?.dataset.gone;
  if (gone && gone === document.querySelector("#last .last")?.dataset.conversation) location.href = askcorpus.root;
});
