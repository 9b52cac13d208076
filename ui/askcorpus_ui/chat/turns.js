// Gradio runs this once for each of the two parts of a conversation, with `element`, `trigger` and `watch` in scope.
const turnOf = (node) => {
  const turn = node.closest("[data-turn]");
  return turn ? Number(turn.dataset.turn) : 0;
};

const edit = (button, index) => {
  const question = button.closest(".turn").querySelector(".question");
  askcorpus.field(question, button, (text) => {
    askcorpus.inside = true;
    trigger("edit", { index, value: { text } });
  });
};

// Of the thumbs one is pressed or none, and so of the reasons why an answer is not liked.
const press = (buttons, chosen) => {
  for (const each of buttons) each.setAttribute("aria-pressed", String(each === chosen));
};

const judge = (button, index) => {
  const tools = button.closest(".tools");
  const pressed = button.getAttribute("aria-pressed") !== "true";
  press(tools.querySelectorAll(`[data-act=${button.dataset.act}]`), pressed ? button : null);
  if (button.dataset.act === "reason") return trigger("like", { index, liked: false, name: pressed ? button.dataset.reason : "" });
  press(tools.querySelectorAll("[data-act=reason]"), null);
  trigger("like", { index, liked: pressed ? button.dataset.liked === "true" : "" });
};

element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-act]");
  if (!button) return;
  const { act } = button.dataset;
  const index = turnOf(button);
  if (act === "copy") return askcorpus.copy(askcorpus.answerText(button.closest(".turn")), button);
  if (act === "like" || act === "reason") return judge(button, index);
  // What is offered goes when something is asked: another question of it waits in the box. A double click is one.
  const keep = () => act === "example" && button.textContent !== askcorpus.offered && askcorpus.fillBox(button.textContent);
  if (askcorpus.isBusy()) return askcorpus.whenWritten(() => button.isConnected && button.click(), keep);
  if (act === "edit") return edit(button, index);
  askcorpus.begin(act === "example" ? button.textContent : "");
  askcorpus.inside = true;
  if (act === "alone") trigger("edit", { index: 1, value: { text: button.closest(".turn").querySelector(".question").textContent } });
  if (act === "retry") trigger("retry", { index });
  if (act === "unfiltered") trigger("undo", { index });
  if (act === "example") trigger("example_select", { value: { text: button.textContent } });
});

watch("value", () => {
  const shown = element.querySelector(".last");
  if (shown) askcorpus.shown(shown);
});
