// The whole quote behind a citation, on a card beside it: on hover and on focus, whence Tab leads into it and out again
// to what follows. A touch or Enter opens the panel, which says the same and more.
askcorpus.cards = () => {
  const card = document.createElement("div");
  card.id = "cite-card";
  card.hidden = true;
  card.setAttribute("role", "dialog");
  document.body.append(card);
  let timer = 0;
  let shown = null;

  const part = (name, className, text) => {
    const made = document.createElement(name);
    made.className = className;
    made.textContent = text;
    if (text) made.dir = "auto";
    return made;
  };

  const parts = (link) => {
    const { quote, title, source, date, place } = link.dataset;
    const words = document.querySelector("#words").dataset;
    const open = part("a", "", words.open);
    open.href = link.href;
    open.target = "_blank";
    open.rel = "noopener";
    const copying = part("details", "copying", "");
    const summary = part("summary", "", words.copy);
    copying.append(summary);
    const facts = [title, source, date].filter(Boolean).join(", ");
    const plain = [{ name: words.plain, text: `“${quote.split(/\s+/).join(" ").trim()}” — ${facts}` }];
    let fetched = false;
    copying.addEventListener("toggle", async () => {
      if (!copying.open || fetched) return;
      fetched = true;
      const address = new URL(link.getAttribute("href").replace(/^[/]?source[/]/, "quotation/"), askcorpus.root);
      const found = await fetch(address).then((reply) => (reply.ok ? reply.json() : plain), () => plain);
      for (const { name, text } of found) {
        const button = part("button", "", name);
        button.type = "button";
        button.addEventListener("click", () => askcorpus.copy(text, button));
        copying.append(button);
      }
      if (copying.isConnected && !card.hidden) put(link); // else the card is another citation's by now
    });
    const tools = part("div", "tools", "");
    tools.append(open, copying);
    const meta = [source, date, place].filter(Boolean).join(" · ");
    return [part("strong", "title", title), part("p", "meta", meta), part("blockquote", "", quote), tools];
  };

  const put = (link) => {
    const at = link.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = card;
    card.style.left = `${Math.max(8, Math.min(at.left - 12, innerWidth - width - 8))}px`;
    card.style.top = `${at.top > height + 12 ? at.top - height - 6 : Math.min(at.bottom + 6, Math.max(8, innerHeight - height - 8))}px`;
  };

  const show = (link) => {
    shown = link;
    link.removeAttribute("title"); // which would be shown over the card
    card.replaceChildren(...parts(link));
    card.setAttribute("aria-label", link.dataset.title);
    card.hidden = false;
    put(link);
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
  // The card stands at the page's end, and is entered and left as if it stood behind its link.
  const tabbed = (event) => {
    const stops = [...card.querySelectorAll("a, summary, button")].filter((each) => each.checkVisibility());
    const leaves = event.target === (event.shiftKey ? stops[0] : stops.at(-1));
    if (event.target === shown && !event.shiftKey) {
      event.preventDefault();
      stops[0].focus();
    } else if (card.contains(event.target) && leaves) {
      if (event.shiftKey) event.preventDefault();
      const link = shown;
      hide();
      link.focus();
    }
  };
  document.addEventListener(
    "keydown",
    (event) => {
      if (card.hidden) return;
      if (event.key === "Tab") tabbed(event);
      if (event.key !== "Escape") return;
      if (card.contains(document.activeElement)) shown.focus();
      hide();
    },
    true,
  );
  document.addEventListener("click", (event) => !event.target.closest("#cite-card") && hide(), true);
  // What is focused may be scrolled to.
  const scrolled = () => {
    const { top, bottom } = shown.getBoundingClientRect();
    if (shown === document.activeElement && top < innerHeight && bottom > 0) put(shown);
    else hide();
  };
  document.addEventListener("scroll", (event) => shown && !card.contains(event.target) && scrolled(), true);
};
