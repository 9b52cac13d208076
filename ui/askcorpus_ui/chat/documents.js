// Adding files and removing documents, on the list of documents, for whoever has a key for it.
(() => {
  const section = document.querySelector("#adding");
  const form = section.querySelector("form");
  const report = section.querySelector(".report");
  const words = section.dataset;
  const causes = JSON.parse(words.causes);
  const key = form.elements.key;

  const open = (request, method, address) => {
    request.open(method, address);
    if (key?.value) request.setRequestHeader("X-API-Key", key.value);
  };

  const cause = (code) => causes[code] ?? words.failed;

  // Why a request failed in the reader's words, and what exactly the server says.
  const problem = (request) => {
    if (request.status === 401 || request.status === 403) return [words.keyRefused];
    try {
      const { code, detail, hint } = JSON.parse(request.responseText);
      return [cause(code), [detail, hint].filter(Boolean).join(" ")];
    } catch {
      return [words.notSent];
    }
  };

  // A name that has a direction of its own, within a text.
  const isolated = (name) => `\u2068${name}\u2069`;

  // `exactly` is what the server says, which is in English.
  const line = (list, text, className = "", exactly = "") => {
    const item = document.createElement("li");
    item.className = className;
    item.textContent = text;
    if (exactly) {
      const said = document.createElement("bdi");
      said.lang = "en";
      said.textContent = exactly;
      item.append(" ", said);
    }
    list.append(item);
    return item;
  };

  const labelled = (label, value) => words.labelled.replace("{label}", label).replace("{value}", () => value);

  // What a job says of a file: what was taken so far and, once it is over, what was not, and why.
  const told = (list, job) => {
    list.replaceChildren();
    if (job.state === "waiting") line(list, words.waiting);
    if (job.state === "running") line(list, job.detail ? words.waiting : words.reading, "", job.detail);
    for (const name of ["added", "changed", "unchanged", "removed"]) if (job[name]) line(list, labelled(words[name], job[name]));
    if (job.withheld) line(list, labelled(words.refused, job.withheld), "fault");
    if (!isOver(job)) return;
    for (const { origin, reason, code } of job.failed) line(list, labelled(words.refused, cause(code)), "fault", `${origin} ${reason}`);
    if (job.failures > job.failed.length) line(list, words.more.replace("{count}", job.failures - job.failed.length), "fault");
    for (const { origin, reason } of job.doubted) line(list, words.doubted, "", `${origin} ${reason}`);
    if (job.state === "cancelled" || job.state === "interrupted") line(list, words.stopped, "fault", job.detail);
    else if (job.detail) line(list, labelled(words.refused, cause(job.code)), "fault", job.detail);
  };

  const isOver = (job) => !["waiting", "running"].includes(job.state);
  const pause = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));

  // The reply to a request, whatever it is; `begun` gets the request itself.
  const reply = (method, address, body, begun) =>
    new Promise((done) => {
      const request = new XMLHttpRequest();
      open(request, method, address);
      begun?.(request);
      request.addEventListener("loadend", () => done(request));
      request.send(body);
    });

  const shown = document.querySelector("#list");

  const showRemoving = () => {
    for (const button of shown.querySelectorAll("[data-remove]")) button.hidden = false;
  };

  // What finds, once the list is renewed, that which stands in the place of something in it.
  const finder = (element) => {
    const name = ["href", "value", "data-remove"].find((each) => element?.hasAttribute(each));
    if (!name) return () => null;
    const selector = `${element.localName}[${name}="${CSS.escape(element.getAttribute(name))}"]`;
    const place = [...shown.querySelectorAll(selector)].indexOf(element);
    return () => shown.querySelectorAll(selector)[place];
  };

  // The entry that stays in its place on the screen: the first that is to be seen, where the list began before it.
  const anchor = () => {
    if (!(shown.querySelector(".entries")?.getBoundingClientRect().top < 0)) return null;
    return [...shown.querySelectorAll(".entries input")].find((each) => each.getBoundingClientRect().bottom > 0);
  };

  // The list as the server has it by now, limited as it was; what was chosen, read and reached in it stays so.
  const renew = async () => {
    const page = await reply("GET", location.href, null, (begun) => (begun.responseType = "document"));
    const renewed = page.status === 200 && page.response?.querySelector("#list");
    if (!renewed) return;
    const chosen = [...shown.querySelectorAll("input:checked")].map(finder);
    const seen = anchor();
    const [top, stays] = [seen?.getBoundingClientRect().top, finder(seen)];
    const reached = shown.contains(document.activeElement) && finder(document.activeElement);
    shown.replaceChildren(...renewed.childNodes);
    showRemoving();
    for (const find of chosen) {
      const box = find();
      if (box) box.checked = true;
    }
    const moved = stays()?.getBoundingClientRect().top - top;
    if (moved) scrollBy({ top: moved, behavior: "instant" });
    if (reached) (reached() ?? section.querySelector("summary")).focus({ preventScroll: true });
  };

  let renewals = Promise.resolve();
  const renewNext = () => (renewals = renewals.then(renew)); // one after the other, so that the newest stays

  const endings = new Set(); // what ends each file that is on its way

  // One file, sent as a job and watched to its end. `sent` is called when the next may be sent.
  const send = async (file, sent) => {
    const item = line(report, isolated(file.name));
    const stop = item.appendChild(document.createElement("button"));
    const list = item.appendChild(document.createElement("ul"));
    const bar = document.createElement("progress");
    let stopped = false;
    let request = null;
    let job = null;
    const end = async () => {
      if (stopped) return;
      stopped = true;
      stop.disabled = true;
      if (job) await reply("DELETE", `api/v1/jobs/${job.id}`);
      else request?.abort();
    };
    const over = (text = "", exactly = "") => {
      if (document.activeElement === stop) section.querySelector("summary").focus();
      stop.remove();
      bar.remove();
      endings.delete(end);
      if (text) line(list, text, "fault", exactly);
      sent();
    };
    stop.type = "button";
    stop.className = "stop";
    stop.textContent = words.stop;
    stop.setAttribute("aria-label", labelled(words.stop, file.name));
    if (file.size > Number(words.most)) return over(words.tooLarge);
    stop.addEventListener("click", end);
    endings.add(end);
    bar.setAttribute("aria-label", file.name);
    bar.max = file.size || 1;
    list.before(bar);
    do {
      if (request) await pause(Number(request.getResponseHeader("Retry-After")) || 2); // the line of jobs is full
      if (stopped) return over(words.stopped);
      bar.value = 0;
      request = await reply("POST", `api/v1/files/jobs?name=${encodeURIComponent(file.name)}`, file, (begun) => {
        request = begun;
        begun.upload.addEventListener("progress", (event) => (bar.value = event.loaded));
        begun.upload.addEventListener("load", () => bar.removeAttribute("value")); // now it is read, which takes what it takes
      });
    } while (request.status === 503 && !stopped);
    if (request.status !== 202) return over(...(stopped ? [words.stopped] : request.status ? problem(request) : [words.notSent]));
    job = JSON.parse(request.responseText);
    if (stopped) reply("DELETE", `api/v1/jobs/${job.id}`);
    sent();
    for (let before = ""; !isOver(job); ) {
      const { per_second, ...now } = job;
      if (JSON.stringify(now) !== before) told(list, job); // what is the same is not read out again
      before = JSON.stringify(now);
      await pause(0.4);
      const asked = await reply("GET", `api/v1/jobs/${job.id}`);
      if (asked.status === 200) job = JSON.parse(asked.responseText);
      else if (asked.status && asked.status < 500) return over(...problem(asked));
      else await pause(2); // the server is away; when it is back, it knows how far the job came
    }
    told(list, job);
    over();
    if (job.added || job.changed || job.removed) renewNext();
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const [button, stop] = form.querySelectorAll("button");
    if (button.disabled) return;
    button.disabled = true;
    stop.hidden = false;
    report.replaceChildren();
    let all = false;
    stop.onclick = () => {
      all = true;
      for (const end of endings) end();
    };
    const files = [];
    for (const file of form.elements.files.files) {
      if (all) break;
      // One after the other is sent, and meanwhile those that are there are read.
      await new Promise((sent) => files.push(send(file, sent)));
    }
    await Promise.all(files);
    if (document.activeElement === stop) section.querySelector("summary").focus();
    stop.hidden = true;
    button.disabled = false;
    section.querySelector(".again").hidden = false;
  });

  const remove = (button) => {
    button.setAttribute("aria-disabled", "true");
    const request = new XMLHttpRequest();
    open(request, "DELETE", `api/v1/documents/${encodeURIComponent(button.dataset.remove)}`);
    request.addEventListener("loadend", () => {
      const gone = request.status === 200;
      const entry = button.closest("li");
      report.replaceChildren();
      section.querySelector("details").open = true;
      const title = isolated(entry.querySelector("h3").textContent);
      if (gone) line(report, labelled(words.removed, title));
      else {
        const [why, exactly] = problem(request);
        line(report, labelled(title, why), "fault", exactly);
      }
      const next = entry.nextElementSibling?.querySelector("h3 a");
      button.removeAttribute("aria-disabled");
      if (gone) entry.remove();
      if (gone) (next ?? section.querySelector("summary")).focus();
      if (gone) renewNext();
    });
    request.send();
  };

  const isSecondClick = secondClickIn(document);

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-remove]");
    if (!button || button.hasAttribute("aria-disabled")) return;
    if (key && !key.value) {
      section.querySelector("details").open = true;
      return key.focus();
    }
    if (isSecondClick(button, words.sure)) remove(button);
  });

  section.hidden = false;
  showRemoving();
})();
