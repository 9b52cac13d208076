// What would delete something asks on a first click whether it really should, and that only until something else is done.
// Of a button in `root` the function that comes back tells, when it is clicked, whether that was the second click.
globalThis.secondClickIn = (root) => {
  const disarm = (but) => {
    for (const button of root.querySelectorAll("[data-asked]")) {
      if (button === but) continue;
      const { word, name } = button.dataset;
      delete button.dataset.asked;
      button.textContent = word;
      button.setAttribute("aria-label", name);
    }
  };
  root.addEventListener("click", (event) => disarm(event.target.closest("[data-asked]")));
  root.addEventListener("focusout", () => disarm());
  document.addEventListener("keydown", (event) => event.key === "Escape" && disarm(), true);
  return (button, question) => {
    if (button.dataset.asked) return true;
    Object.assign(button.dataset, { asked: "yes", word: button.textContent, name: button.getAttribute("aria-label") });
    button.removeAttribute("aria-label");
    button.textContent = question;
    return false;
  };
};
