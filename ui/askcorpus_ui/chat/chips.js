// Gradio runs this once, with `element`, `trigger` and `watch` in scope: the filters that are set.
element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-act=remove]");
  if (button) trigger("delete", { name: button.dataset.name });
});

// What is offered of other documents than those that are left is offered no more.
watch("value", () => askcorpus.offerFirst());
