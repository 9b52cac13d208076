// The whole quote behind a citation, on a card beside it: on hover, on a first tap and on focus, whence Tab leads into it
// and out again to what follows. A click, a second tap or Enter opens the panel, which says the same and more.
askcorpus.cards = () => {
  const card = document.createElement("div");
  card.id = "cite-card";
  card.hidden = true;
  card.tabIndex = -1;
  card.setAttribute("role", "dialog");
  document.body.append(card);
  let timer = 0;
  let shown = null;
  let pointedAt = false;
  let touched = false;

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
    // Who points with a finger gets here first what others get by a click on the marker.
    open.addEventListener("click", (event) => {
      if (!isTap(event)) return;
      event.preventDefault();
      hide();
      link.click();
    });
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
      const found = await fetch(address).then((reply) => (reply.ok ? reply.json() : plain)).catch(() => plain);
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
    const meta = part("p", "meta", "");
    // Each in its own direction: joined as one text, a Latin name would turn an Arabic date around.
    for (const fact of [source, date, place].filter(Boolean)) meta.append(meta.childNodes.length ? " · " : "", part("bdi", "", fact));
    return [part("strong", "title", title), meta, part("blockquote", "", quote), tools];
  };

  const put = (link) => {
    const at = link.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = card;
    card.style.left = `${Math.max(8, Math.min(at.left - 12, innerWidth - width - 8))}px`;
    card.style.top = `${at.top > height + 12 ? at.top - height - 6 : Math.min(at.bottom + 6, Math.max(8, innerHeight - height - 8))}px`;
  };

  const show = (link, pointing = false) => {
    shown = link;
    pointedAt = pointing;
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

  const leave = () => {
    if (card.contains(document.activeElement)) shown.focus({ preventScroll: true });
    hide();
  };

  // A click that a finger made, and no key or script.
  const isTap = (event) => touched && event.isTrusted;

  // What is pointed at for a moment is shown; what is left for a moment goes, unless the card itself is pointed at.
  const later = (act, wait) => {
    clearTimeout(timer);
    timer = setTimeout(act, wait);
  };

  document.addEventListener("pointerover", (event) => {
    if (event.pointerType === "touch") return;
    const link = event.target.closest("#chat a.cite[data-quote]");
    if (link && link !== shown) later(() => link.isConnected && show(link, true), 200);
    else if (link || event.target.closest("#cite-card")) clearTimeout(timer);
    else if (pointedAt) later(hide, 250); // what a key or a finger opened stays, wherever the mouse rests
    else clearTimeout(timer);
  });
  document.addEventListener("focusin", (event) => {
    const link = event.target.closest("#chat a.cite[data-quote]");
    if (link?.matches(":focus-visible") && !touched) show(link);
    else if (link !== shown && !event.target.closest("#cite-card")) hide();
  });
  // The card stands at the page's end, and is entered and left as if it stood behind its link.
  const tabbed = (event) => {
    const stops = [...card.querySelectorAll("a, summary, button")].filter((each) => each.checkVisibility());
    const leaves = event.shiftKey ? [card, stops[0]].includes(event.target) : event.target === stops.at(-1);
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
      touched = false;
      if (card.hidden) return;
      if (event.key === "Tab") tabbed(event);
      if (event.key === "Escape") leave();
    },
    true,
  );
  // On the window, and so before the panel hears of it.
  addEventListener(
    "click",
    (event) => {
      if (event.target.closest("#cite-card")) return;
      const link = event.target.closest("#chat a.cite[data-quote]");
      if (!link || link === shown || !isTap(event)) return hide();
      event.preventDefault();
      event.stopPropagation();
      show(link);
      card.focus({ preventScroll: true }); // so that it is read out, and Escape is heard
    },
    true,
  );
  addEventListener(
    "pointerdown",
    (event) => {
      touched = event.pointerType === "touch";
      // Not every browser makes a click of a tap beside all that can be clicked.
      if (!event.target.closest("#cite-card, #chat a.cite")) hide();
    },
    true,
  );
  // What the keyboard or a finger brought may be scrolled along with.
  const moved = () => {
    const { top, bottom } = shown.getBoundingClientRect();
    const kept = shown === document.activeElement || card.contains(document.activeElement);
    if (kept && top < innerHeight && bottom > 0) put(shown);
    else leave();
  };
  document.addEventListener("scroll", (event) => shown && !card.contains(event.target) && moved(), true);
  addEventListener("resize", () => shown && moved());
};
