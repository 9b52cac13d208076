// Gradio runs this once, with `element` and `trigger` in scope: the filters that are set.
element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-act=remove]");
  if (button) trigger("delete", { name: button.dataset.name });
});
