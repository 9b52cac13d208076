// The few things a page needs that the server cannot do for it.
globalThis.askcorpus = {
  begun: 0,
  root: "/",

  start() {
    // Gradio's files are found from here, whatever address the page has later.
    const base = document.querySelector("base");
    base.href = base.href;
    askcorpus.root = base.href;
    const theme = localStorage.getItem("askcorpus.theme");
    if (theme) document.body.classList.toggle("dark", theme === "dark");
    new MutationObserver(askcorpus.keepLanguage).observe(document.documentElement, { attributeFilter: ["lang"] });
    askcorpus.keepLanguage();
    document.addEventListener("keydown", askcorpus.keyPressed, true);
    document.addEventListener("click", askcorpus.clicked, true);
    addEventListener("popstate", () => location.reload());
    addEventListener("beforeunload", () => (askcorpus.leaving = true)); // what comes now, nobody sees
    new MutationObserver(askcorpus.named).observe(document.querySelector("#masthead"), { childList: true, subtree: true });
    askcorpus.named();
    const side = document.querySelector("#side .sidebar-content") ?? document.querySelector(".sidebar .sidebar-content");
    const sidebar = side.closest(".sidebar");
    // Closed, it cannot be reached; opened, it is where the keyboard is, which goes back to the button in the end.
    side.tabIndex = -1;
    side.inert = true;
    const opened = () => {
      if (side.inert !== sidebar.classList.contains("open")) return;
      side.inert = !side.inert;
      (side.inert ? document.querySelector("#menu") : side).focus();
    };
    new MutationObserver(opened).observe(sidebar, { attributeFilter: ["class"] });
    document.querySelector("#status").setAttribute("role", "status");
    new MutationObserver(askcorpus.pickers).observe(document.querySelector("#talk"), { childList: true, subtree: true });
    askcorpus.pickers();
    askcorpus.watchServer();
    askcorpus.cards();
    askcorpus.watchTurn();
    askcorpus.whenReady((box) => document.activeElement === document.body && box.focus({ preventScroll: true }));
  },

  // The language that the server chose and wrote into the page; Gradio writes the browser's first one over it.
  keepLanguage() {
    const page = document.documentElement;
    if (page.lang !== page.dataset.lang) page.lang = page.dataset.lang;
  },

  // What the server put into the masthead: the names that Gradio's own parts lack.
  named() {
    const words = document.querySelector("#words")?.dataset;
    if (!words) return;
    const names = { "#menu": words.menu, "#theme": words.theme, ".toggle-button": words.close };
    for (const [selector, name] of Object.entries(names)) document.querySelector(selector)?.setAttribute("aria-label", name);
    askcorpus.pickers();
    askcorpus.leadBack();
  },

  // Beside each field for a date, which takes a year or a month as well, the browser's own calendar for a day.
  pickers() {
    const { pick, first, last } = document.querySelector("#words")?.dataset ?? {};
    for (const block of document.querySelectorAll("#date-from, #date-to")) {
      const box = block.querySelector("textarea, input");
      if (!box || !pick) continue;
      if (!block.querySelector(".pick")) askcorpus.addPicker(block, box);
      // Each time, for what is of this reader and this corpus comes after the page's first words.
      Object.assign(block.querySelector(".day"), { min: first, max: last });
      const name = `${block.querySelector("label span, [data-testid=block-info]")?.textContent.trim()}: ${pick}`;
      for (const each of block.querySelectorAll(".pick, .day")) {
        if (each.getAttribute("aria-label") !== name) each.setAttribute("aria-label", name);
      }
    }
  },

  addPicker(block, box) {
    const day = document.createElement("input");
    Object.assign(day, { type: "date", className: "day", tabIndex: -1 });
    day.setAttribute("aria-hidden", "true");
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "pick" });
    button.addEventListener("click", () => {
      day.value = box.value;
      day.showPicker();
    });
    day.addEventListener("change", () => {
      box.value = day.value;
      // Gradio takes the value at the first event, and tells the server at the second.
      box.dispatchEvent(new Event("input", { bubbles: true }));
      setTimeout(() => box.dispatchEvent(new FocusEvent("blur")));
      button.focus();
    });
    block.append(button, day);
  },

  // The address of what the page is told to show: where it is opened at, with the filters of a question that is kept.
  address() {
    const { query } = askcorpus.draft();
    return location.pathname.slice(new URL(askcorpus.root).pathname.length - 1) + (query ? `?${query}` : location.search);
  },

  // Brings a turn to the top of the chat, as far as there is room below it.
  scrollTo(turn) {
    const chat = document.querySelector("#chat");
    chat.scrollTop += turn.getBoundingClientRect().top - chat.getBoundingClientRect().top;
    askcorpus.scrolled = chat.scrollTop;
    // A page that is higher than its window (at 400 %, on a phone that lies on its side) goes up from the box to it.
    const above = turn.getBoundingClientRect().top;
    if (askcorpus.idle && above < 0) scrollBy({ top: above, behavior: "instant" });
  },

  // Goes on with that while the answer makes room, until the reader moves or uses the chat; and for as long as nothing
  // at all was touched since the question (`idle`), also where the browser moved it, as when the box grows smaller.
  watchTurn() {
    const chat = document.querySelector("#chat");
    const grown = new ResizeObserver(() => {
      const turn = document.querySelector("#last [data-turn]");
      if (turn && (askcorpus.idle || askcorpus.scrolled === chat.scrollTop)) askcorpus.scrollTo(turn);
    });
    for (const part of document.querySelectorAll("#turns, #last")) grown.observe(part);
    for (const used of ["pointerdown", "keydown", "wheel"]) {
      chat.addEventListener(used, () => (askcorpus.scrolled = null), { passive: true });
      addEventListener(used, () => (askcorpus.idle = false), { passive: true });
    }
  },

  // A conversation has an address of its own from its first question on.
  shown(last) {
    if (!askcorpus.begun) askcorpus.takeDraft();
    else if (!askcorpus.leaving) askcorpus.dropDraft();
    const { conversation, title } = last.dataset;
    document.title = title ? `${title} · askcorpus` : "askcorpus";
    const path = new URL(conversation ? `c/${conversation}` : ".", askcorpus.root).pathname;
    // What is not there is no place to come back to.
    const way = last.querySelector(".lost") ? "replaceState" : "pushState";
    if (location.pathname !== path) history[way](null, "", path);
    askcorpus.leadBack(conversation);
    const turn = last.querySelector("[data-turn]");
    const key = turn ? `${conversation} ${turn.dataset.turn}` : "";
    if (turn && askcorpus.turn !== key) askcorpus.idle = true;
    if (turn && askcorpus.idle) askcorpus.scrollTo(turn);
    askcorpus.turn = key;
    const done = !last.querySelector("[aria-busy]");
    if (done) askcorpus.begun = 0;
    if (done && turn) askcorpus.comeBack(turn);
    if (last.matches(".welcome")) askcorpus.offerFirst();
    else askcorpus.offerNext(done && last.querySelector(".answered") ? turn : null, conversation);
  },

  // What was pressed in the conversation went when that was shown anew, and the keyboard with it: it goes on at the turn.
  comeBack(turn) {
    if (askcorpus.inside && document.activeElement === document.body) {
      const question = turn.querySelector(".question");
      question.tabIndex = -1;
      question.focus({ preventScroll: true });
    }
  },

  // The list of documents leads back to the conversation that it was opened from.
  leadBack(conversation = document.querySelector("#last .last")?.dataset.conversation) {
    const list = document.querySelector("#masthead ul a");
    if (list) list.setAttribute("href", conversation ? `documents?c=${conversation}` : "documents");
  },

  // What may be asked comes after the page or the answer, and not at all where something was asked meanwhile.
  async tried(path) {
    askcorpus.asking?.abort();
    if (!path) return [];
    const { signal } = (askcorpus.asking = new AbortController());
    const found = await fetch(new URL(path, askcorpus.root), { signal }).then((reply) => reply.json()).catch(() => null);
    return signal.aborted ? [] : (found?.questions ?? []);
  },

  questionList(questions) {
    const list = document.createElement("ul");
    for (const question of questions) {
      const button = list.appendChild(document.createElement("li")).appendChild(document.createElement("button"));
      button.type = "button";
      button.dataset.act = "example";
      button.append(document.createElement("bdi"));
      button.firstChild.textContent = question;
    }
    return list;
  },

  // Of the documents that pass the filters, in a moment, for the page may be about to be given others. Also where it has
  // some, which newer documents may have made old: those are for who comes next. Where others ask, again a little later.
  offerFirst(seconds = 0.1, patience = 3) {
    clearTimeout(askcorpus.offering);
    askcorpus.offering = setTimeout(async () => {
      const welcome = document.querySelector("#last .welcome:has(.browse)");
      if (!welcome) return;
      const query = document.querySelector("#chips [data-query]")?.dataset.query ?? "";
      const shown = () => welcome.querySelector(".examples");
      if (shown() && shown().dataset.of !== query) shown().remove();
      const questions = await askcorpus.tried(`first?${query}`);
      if (shown() || !welcome.isConnected) return;
      if (!questions.length) return patience && askcorpus.offerFirst(2, patience - 1);
      const list = askcorpus.questionList(questions);
      list.className = "examples";
      list.dataset.of = query;
      welcome.querySelector(".browse").before(list);
    }, 1000 * seconds);
  },

  async offerNext(turn, conversation) {
    const questions = await askcorpus.tried(turn && `next/${conversation}/${turn.dataset.turn}`);
    if (!questions.length || !turn.isConnected) return;
    const group = document.createElement("div");
    group.className = "next";
    const head = group.appendChild(document.createElement("h3"));
    head.id = "next";
    head.textContent = document.querySelector("#words").dataset.next;
    group.appendChild(askcorpus.questionList(questions)).setAttribute("aria-labelledby", head.id);
    turn.append(group);
  },

  // What was in the box, and which filters were set, when the page was loaded anew because the server had been gone, or
  // before the server had what was asked.
  draft() {
    return JSON.parse(sessionStorage.getItem("askcorpus.draft") ?? "{}");
  },

  keepDraft() {
    const text = document.querySelector("#ask textarea").value;
    const query = document.querySelector("#chips [data-query]")?.dataset.query;
    sessionStorage.setItem("askcorpus.draft", JSON.stringify({ text, query }));
  },

  takeDraft() {
    const { text } = askcorpus.draft();
    askcorpus.dropDraft();
    askcorpus.fillBox(text);
  },

  dropDraft() {
    sessionStorage.removeItem("askcorpus.draft");
  },

  // What is in the box already stays.
  fillBox(text) {
    const box = document.querySelector("#ask textarea");
    if (!text || !box || box.value) return;
    box.value = text;
    box.dispatchEvent(new Event("input", { bubbles: true }));
  },

  isBusy() {
    return Boolean(document.querySelector("#ask .stop-button")) || Date.now() - askcorpus.begun < 5000;
  },

  begin(offered = "") {
    askcorpus.begun = Date.now();
    askcorpus.offered = offered;
    askcorpus.inside = false;
    askcorpus.asking?.abort();
  },

  say(name) {
    const status = document.querySelector("#status .said");
    if (status) status.textContent = document.querySelector("#words").dataset[name];
  },

  // An empty box asks nothing, and one question is answered at a time.
  mayAsk(event) {
    const text = document.querySelector("#ask textarea").value.trim();
    const busy = askcorpus.isBusy();
    if (text && !busy) {
      askcorpus.keepDraft();
      return askcorpus.begin();
    }
    event.preventDefault();
    event.stopImmediatePropagation();
    if (busy) askcorpus.whenWritten(() => text && document.querySelector("#ask .submit-button")?.click());
  },

  // Nothing is done while an answer is written. It may be there, and only the button not yet: then in a moment.
  whenWritten(act, meanwhile = () => {}) {
    if (!askcorpus.begun && !document.querySelector("#last [aria-busy]")) return askcorpus.whenReady(act);
    meanwhile();
    askcorpus.say("busy");
  },

  // Once the box takes a question, which it does when the page is filled and no answer is being written.
  whenReady(act, patience = 100) {
    const box = document.querySelector("#ask textarea");
    if (box && !box.disabled && !askcorpus.isBusy()) act(box);
    else if (patience) setTimeout(() => askcorpus.whenReady(act, patience - 1), 50);
  },

  keyPressed(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.target.matches("#ask textarea")) askcorpus.mayAsk(event);
    if (event.key !== "Escape" || event.target.closest(".field")) return;
    if (askcorpus.isBusy()) askcorpus.stop();
    else if (document.querySelector(".sidebar.open")) askcorpus.toggleConversations();
  },

  clicked(event) {
    if (event.target.closest("#ask .submit-button")) askcorpus.mayAsk(event);
    const fresh = event.target.closest("#new");
    if (!fresh || !askcorpus.isBusy()) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    askcorpus.stop(() => fresh.click());
  },

  // Stop what is being written, as soon as there is a button for it, and act when it has ended.
  stop(act = () => {}, patience = 100, pressed = false) {
    if (!askcorpus.isBusy()) return act();
    const button = pressed ? null : document.querySelector("#ask .stop-button");
    button?.click();
    if (patience) setTimeout(() => askcorpus.stop(act, patience - 1, pressed || Boolean(button)), 50);
  },

  // A field below a text: Enter takes it, Escape leaves all as it was, and so does its button once more. What was taken
  // is shown in the text's place, with which the field goes; until then, and where that fails, it stays.
  field(place, button, done) {
    if (place.nextElementSibling?.matches(".field")) return place.nextElementSibling.remove();
    const text = place.textContent;
    const close = () => {
      form.remove();
      button.focus();
    };
    const form = document.createElement("div");
    form.className = "field";
    const box = document.createElement("textarea");
    box.value = text;
    box.setAttribute("aria-label", button.textContent);
    box.maxLength = 10000;
    box.rows = 1;
    form.append(box);
    box.addEventListener("keydown", (event) => {
      if (event.key === "Escape") close();
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      const line = (written) => written.split(/\s+/).join(" ").trim();
      if (line(box.value) && line(box.value) !== line(text)) done(box.value);
      else close();
    });
    place.after(form);
    box.focus();
  },

  // What people read of an answer, without what stands around it.
  answerText(turn) {
    return [...turn.querySelectorAll(".answer .words p, .answer .failed")].map((line) => line.textContent).join("\n");
  },

  copy(text, button) {
    navigator.clipboard?.writeText(text);
    const was = button.textContent;
    button.textContent = document.querySelector("#words").dataset.copied;
    setTimeout(() => (button.textContent = was), 1500);
  },

  toggleConversations() {
    document.querySelector(".toggle-button").click();
  },

  toggleTheme() {
    const dark = document.body.classList.toggle("dark");
    localStorage.setItem("askcorpus.theme", dark ? "dark" : "light");
    // For the pages without a script: a document, and the list of them.
    document.cookie = `askcorpus_theme=${dark ? "dark" : "light"}; path=/; max-age=34560000; samesite=lax`;
  },

  focusBox() {
    document.querySelector("#ask textarea")?.focus();
  },

  download(text, name, type) {
    if (!text) return; // the status line says why
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    link.click();
    URL.revokeObjectURL(link.href);
  },

  // A server that is gone is one line; when it is back, the page goes on where it was.
  watchServer() {
    let gone = false;
    const look = async () => {
      if (document.hidden) return;
      const there = await fetch(new URL("health", askcorpus.root), { cache: "no-store" }).then((reply) => reply.ok, () => false);
      if (there && gone) {
        askcorpus.keepDraft();
        return location.reload();
      }
      if (!there) askcorpus.say("offline");
      gone = !there;
    };
    // More often while an answer is awaited: of a restart between two looks it would be awaited for ever.
    let ticks = 0;
    setInterval(() => (askcorpus.isBusy() || ++ticks % 3 === 0) && look(), 2000);
    // Gradio tells this on a note in English, the only one that does not go by itself, and means that what the server
    // sends is not heard any more, even where it is back already. What fails alone it marks. It shows neither here.
    const notes = document.getElementsByClassName("toast-body");
    const marks = document.querySelector("#desk").getElementsByClassName("error");
    let failed = false;
    const listen = () => {
      if (gone) return;
      gone = [...notes].some((note) => !note.querySelector(".timer"));
      if (gone) askcorpus.say("offline");
      else if (marks.length && !failed) askcorpus.say("failed");
      failed = marks.length > 0;
    };
    new MutationObserver(listen).observe(document.body, { childList: true, subtree: true });
  },
};
