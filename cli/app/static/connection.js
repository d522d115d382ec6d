/* What both pages share: hearing the state of the program, asking it for something, progress and troubles. */
const app = { state: null, listeners: [] };
(function () {
  const { element, byId } = report;
  const GIVE_UP = 6000;
  let lost = 0;

  app.onState = function (listener) {
    app.listeners.push(listener);
    if (app.state) listener(app.state);
  };

  /* Whether the program does it; where not, the reason is shown. */
  app.ask = async function (name, body) {
    let answer;
    try {
      answer = await fetch("/api/" + name, {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body || {}),
      });
    } catch {
      return false;
    }
    if (answer.ok) return true;
    const says = answer.headers.get("Content-Type").startsWith("application/json")
      ? (await answer.json()).says : await answer.text();
    app.showTrouble({ says, advice: "" });
    return false;
  };

  app.madeFrom = async function (number) {
    const answer = await fetch(`/pictures-${byId("app").dataset.opened}/${number}.txt`);
    return answer.ok ? answer.text() : "";
  };
  if (byId("app")) report.askMadeFrom = app.madeFrom;

  app.showTrouble = function (trouble) {
    const box = byId("trouble");
    const says = trouble ? trouble.says : "";
    if (byId("trouble-says").textContent !== says) byId("trouble-says").textContent = says;
    byId("trouble-advice").textContent = trouble ? trouble.advice : "";
    box.hidden = !trouble;
  };

  const size = (bytes) => (bytes < 1e6 ? `${Math.round(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(bytes < 1e8 ? 1 : 0)} MB`);
  app.showWork = function (work) {
    byId("work").hidden = !work;
    if (!work) return;
    const title = work.stopping ? "Stopping…" : work.title + "…";
    if (byId("work-title").textContent !== title) byId("work-title").textContent = title;
    byId("work-what").textContent = work.what;
    const bar = byId("work-progress");
    const number = (value) => (work.in_bytes ? size(value) : value.toLocaleString("en"));
    if (work.total) {
      bar.max = work.total;
      bar.value = Math.min(work.done, work.total);
      byId("work-number").textContent = `${number(Math.min(work.done, work.total))} of ${number(work.total)}`;
    } else {
      bar.removeAttribute("value");
      byId("work-number").textContent = work.done ? number(work.done) : "";
    }
    byId("stop").disabled = work.stopping;
  };

  function ended(told) {
    source.close();
    document.title = "Ended";
    document.querySelectorAll("dialog[open]").forEach((dialog) => dialog.close());
    const heading = element("h1", { textContent: "recover-facetime has ended", tabIndex: -1 });
    document.body.replaceChildren(element("main", { class: "start ended" }, heading,
      element("p", { class: "lead", textContent: told
        ? "Nothing deciphered was left on this computer, but for what you recovered. You can close this page."
        : "It does not answer any more. Close this page. If it was ended by force, it removes what it left in the "
          + "folder for temporary files when it is started again." })));
    heading.focus();
  }

  byId("trouble-close").addEventListener("click", () => { app.showTrouble(null); app.ask("dismiss"); });
  byId("stop").addEventListener("click", () => app.ask("stop"));
  byId("quit").addEventListener("click", () => app.ask("end"));

  const source = new EventSource("/api/events");
  source.onmessage = function (event) {
    clearTimeout(lost);
    app.state = JSON.parse(event.data);
    if (app.state.ended) {
      ended(true);
      return;
    }
    for (const listener of app.listeners) listener(app.state);
  };
  source.onopen = () => clearTimeout(lost);
  source.onerror = function () {
    clearTimeout(lost);
    lost = setTimeout(() => ended(false), GIVE_UP);
  };
})();
