// Adding files and removing documents, on the list of documents, for whoever has a key for it.
(() => {
  const section = document.querySelector("#adding");
  const form = section.querySelector("form");
  const report = section.querySelector("ul");
  const words = section.dataset;
  const key = form.elements.key;

  const open = (request, method, address) => {
    request.open(method, address);
    if (key?.value) request.setRequestHeader("X-API-Key", key.value);
  };

  const problem = (request) => {
    if (request.status === 401 || request.status === 403) return words.keyRefused;
    try {
      const { detail, hint } = JSON.parse(request.responseText);
      return [detail, hint].filter(Boolean).join(" ");
    } catch {
      return words.notSent;
    }
  };

  const line = (list, text, className = "") => {
    const item = document.createElement("li");
    item.className = className;
    item.dir = "auto";
    item.textContent = text;
    list.append(item);
    return item;
  };

  const labelled = (label, value) => words.labelled.replace("{label}", label).replace("{value}", () => value);

  // What the server says became of a file.
  const told = (list, changes) => {
    for (const name of ["added", "changed", "unchanged", "removed"]) if (changes[name]) line(list, labelled(words[name], changes[name]));
    if (changes.withheld) line(list, labelled(words.refused, changes.withheld), "fault");
    for (const { origin, reason } of changes.failed) line(list, labelled(words.refused, `${origin} ${reason}`), "fault");
    for (const { origin, reason } of changes.doubted) line(list, `${origin} ${reason}`);
  };

  const send = (file) =>
    new Promise((done) => {
      const item = line(report, file.name);
      const list = item.appendChild(document.createElement("ul"));
      if (file.size > Number(words.most)) {
        line(list, words.tooLarge, "fault");
        return done();
      }
      const bar = document.createElement("progress");
      bar.setAttribute("aria-label", file.name);
      bar.max = file.size || 1;
      bar.value = 0;
      list.before(bar);
      const request = new XMLHttpRequest();
      open(request, "POST", `api/v1/files?name=${encodeURIComponent(file.name)}`);
      request.upload.addEventListener("progress", (event) => (bar.value = event.loaded));
      request.upload.addEventListener("load", () => bar.removeAttribute("value")); // now it is read, which takes what it takes
      request.addEventListener("loadend", () => {
        bar.remove();
        if (request.status === 200) told(list, JSON.parse(request.responseText));
        else line(list, request.status ? problem(request) : words.notSent, "fault");
        done();
      });
      request.send(file);
    });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    if (button.disabled) return;
    button.disabled = true;
    report.replaceChildren();
    for (const file of form.elements.files.files) await send(file); // one after the other: the server takes one at a time
    button.disabled = false;
    section.querySelector(".again").hidden = false;
  });

  const remove = (button) => {
    const request = new XMLHttpRequest();
    open(request, "DELETE", `api/v1/documents/${encodeURIComponent(button.dataset.remove)}`);
    request.addEventListener("loadend", () => {
      const gone = request.status === 200;
      const entry = button.closest("li");
      report.replaceChildren();
      section.querySelector("details").open = true;
      line(report, labelled(gone ? words.removed : words.refused, `${entry.querySelector("h3").textContent} ${gone ? "" : problem(request)}`), gone ? "" : "fault");
      const next = entry.nextElementSibling?.querySelector("h3 a");
      if (gone) entry.remove();
      if (gone) (next ?? section.querySelector("summary")).focus();
    });
    request.send();
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-remove]");
    if (!button) return;
    if (button.dataset.asked) return remove(button);
    if (key && !key.value) {
      section.querySelector("details").open = true;
      return key.focus();
    }
    // The second click removes.
    button.dataset.asked = "yes";
    button.removeAttribute("aria-label");
    button.textContent = words.sure;
  });

  section.hidden = false;
  for (const button of document.querySelectorAll("[data-remove]")) button.hidden = false;
})();
