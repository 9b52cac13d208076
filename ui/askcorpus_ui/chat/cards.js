// The whole quote behind a citation, on a card beside it: on hover and on focus. A touch or Enter opens the panel, which
// says the same and more; so the card is for the eye and the pointer alone.
askcorpus.cards = () => {
  const card = document.createElement("div");
  card.id = "cite-card";
  card.hidden = true;
  card.setAttribute("aria-hidden", "true");
  document.body.append(card);
  let timer = 0;
  let shown = null;

  const part = (name, className, text) => {
    const made = document.createElement(name);
    made.className = className;
    made.textContent = text;
    made.dir = "auto";
    return made;
  };

  const parts = (link) => {
    const { quote, title, source, date, place } = link.dataset;
    const words = document.querySelector("#words").dataset;
    const open = part("a", "", words.open);
    open.href = link.href;
    open.target = "_blank";
    open.rel = "noopener";
    const copy = part("button", "", words.copy);
    copy.type = "button";
    const facts = [title, source, date].filter(Boolean).join(", ");
    copy.addEventListener("click", () => askcorpus.copy(`“${quote.split(/\s+/).join(" ").trim()}” — ${facts}`, copy));
    open.tabIndex = copy.tabIndex = -1;
    const tools = part("p", "tools", "");
    tools.append(open, copy);
    const meta = [source, date, place].filter(Boolean).join(" · ");
    return [part("strong", "title", title), part("p", "meta", meta), part("blockquote", "", quote), tools];
  };

  const show = (link) => {
    shown = link;
    link.removeAttribute("title"); // which would be shown over the card
    card.replaceChildren(...parts(link));
    card.hidden = false;
    const at = link.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = card;
    card.style.left = `${Math.max(8, Math.min(at.left - 12, innerWidth - width - 8))}px`;
    card.style.top = `${at.top > height + 12 ? at.top - height - 6 : Math.min(at.bottom + 6, Math.max(8, innerHeight - height - 8))}px`;
  };

  const hide = () => {
    clearTimeout(timer);
    card.hidden = true;
    shown = null;
  };

  // What is pointed at for a moment is shown; what is left for a moment goes, unless the card itself is pointed at.
  const later = (act, wait) => {
    clearTimeout(timer);
    timer = setTimeout(act, wait);
  };

  document.addEventListener("pointerover", (event) => {
    if (event.pointerType === "touch") return;
    const link = event.target.closest("#chat a.cite[data-quote]");
    if (link && link !== shown) later(() => link.isConnected && show(link), 200);
    else if (link || event.target.closest("#cite-card")) clearTimeout(timer);
    else later(hide, 250);
  });
  document.addEventListener("focusin", (event) => {
    const link = event.target.closest("#chat a.cite[data-quote]");
    if (link?.matches(":focus-visible")) show(link);
    else if (!event.target.closest("#cite-card")) hide();
  });
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide(), true);
  document.addEventListener("click", (event) => !event.target.closest("#cite-card") && hide(), true);
  document.addEventListener("scroll", (event) => !card.contains(event.target) && hide(), true);
};
