/* The first page: choose a backup, unlock it, wait for it. */
(function () {
  const { element, byId } = report;
  let waiting = 0;
  let shown = "";
  let listed = -1;

  function backupItem(backup, number) {
    const facts = [`Made ${backup.made}`, backup.encrypted, backup.complete].filter(Boolean).join(" · ");
    const button = element("button", { type: "button", class: "backup" },
      element("span", { class: "device", textContent: backup.device }),
      element("span", { class: "facts-line", textContent: facts }),
      element("span", { class: "quiet folder", textContent: backup.folder }));
    button.addEventListener("click", () => app.ask("choose", { backup: number }));
    return element("li", {}, button);
  }

  function list(state) {
    if (listed !== state.backups.length) {
      listed = state.backups.length;
      byId("backups").replaceChildren(...state.backups.map(backupItem));
    }
    byId("no-backup").hidden = state.backups.length > 0 || Boolean(state.unseen.length);
    byId("unseen").replaceChildren(...state.unseen.map((text) => element("li", { textContent: text })));
  }

  function waitFor(seconds) {
    clearTimeout(waiting);
    byId("unlock-button").disabled = seconds > 0;
    byId("unlock-wait").textContent = seconds > 0 ? `Too many wrong ones. Next try in ${seconds} s.` : "";
    if (seconds > 0) waiting = setTimeout(() => waitFor(seconds - 1), 1000);
  }

  app.onState(function (state) {
    if (state.step === "photos") {
      location.replace("/photos");
      return;
    }
    const now = state.work ? "work" : state.step;
    byId("choose").hidden = now !== "choose";
    byId("unlock").hidden = now !== "locked";
    app.showWork(state.work);
    app.showTrouble(state.trouble);
    list(state);
    waitFor(state.wait_s);
    if (now !== shown) {
      shown = now;
      if (now === "locked") byId("passphrase").focus();
      if (now === "work") byId("stop").focus();
      if (now === "choose" && byId("backups").firstChild) byId("backups").querySelector("button").focus();
      document.documentElement.dataset.shown = now;
    }
  });

  byId("elsewhere").addEventListener("click", () => app.ask("elsewhere"));
  byId("back").addEventListener("click", () => app.ask("back"));
  byId("unlock-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const passphrase = byId("passphrase").value;
    byId("passphrase").value = "";
    app.ask("unlock", { passphrase });
  });
})();
