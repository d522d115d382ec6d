/* Recovering what is ticked: where to, progress, result, checking. */
(function () {
  const { element, byId, plural } = report;
  const dialog = byId("recover");
  const opened = Number(byId("app").dataset.opened);
  const facetime = report.cards.filter((card) => card.verdict !== "no").map((card) => card.index);
  let chosen = [];
  let phase = "";
  let before = "";

  if (facetime.length) {
    byId("recover-facetime").textContent = `Recover all FaceTime photos (${facetime.length.toLocaleString("en")})`;
    byId("recover-facetime").hidden = false;
  }

  function open(numbers) {
    chosen = numbers;
    if (app.state.recovered || app.state.trouble) app.ask("dismiss");
    before = app.state.recovered ? app.state.recovered.record_sha256 : "";
    phase = "form";
    render(app.state);
    if (!dialog.open) dialog.showModal();
    const place = byId("places").querySelector("input:checked");
    if (place) place.focus();
  }

  function close() {
    if (!app.state.work) dialog.close();
  }

  function placeItem(place, number) {
    const input = element("input", { type: "radio", name: "place", value: String(number), required: true });
    return element("label", { class: "place" }, input, element("span", { textContent: place.name }),
      element("span", { class: "quiet", textContent: place.free }));
  }

  function listPlaces(places) {
    const box = byId("places");
    if (box.childElementCount === places.length) return;
    const grown = box.childElementCount > 0;
    box.replaceChildren(...places.map(placeItem));
    const inputs = box.querySelectorAll("input");
    if (inputs.length) inputs[grown ? inputs.length - 1 : 0].checked = true;
  }

  function result(recovered) {
    const items = (texts) => texts.map((text) => element("li", { textContent: text }));
    byId("result-lines").replaceChildren(...items(recovered.lines));
    const troubles = byId("result-not-whole");
    troubles.hidden = !recovered.not_whole.length;
    troubles.querySelector("summary").textContent = "What is not whole, and why";
    troubles.querySelector("ul").replaceChildren(...items(recovered.not_whole));
    byId("result-folder").textContent = recovered.folder;
    byId("result-hash").textContent = recovered.record_sha256;
    byId("result-checked").replaceChildren(
      ...recovered.checked.map((text) => element("p", { textContent: text })),
      ...(recovered.differences.length ? [element("ul", {}, ...items(recovered.differences))] : []));
  }

  function render(state) {
    const done = state.recovered && state.recovered.record_sha256 !== before ? state.recovered : null;
    if (!state.work && done && phase !== "result") phase = "result";
    byId("recover-title").textContent = phase === "result" && done
      ? done.title : `Recover ${plural(chosen.length, "photo", "photos")}`;
    byId("recover-form").hidden = Boolean(state.work) || phase !== "form";
    byId("result").hidden = Boolean(state.work) || phase !== "result";
    byId("recover-close").disabled = Boolean(state.work);
    listPlaces(state.places);
    if (done) result(done);
    app.showWork(state.work);
    app.showTrouble(state.trouble);
  }

  let wasWorking = false;
  app.onState(function (state) {
    if (state.step !== "photos" || state.opened !== opened) {
      location.replace("/");
      return;
    }
    // Another page may have begun it, or this one was loaded again meanwhile.
    if (!dialog.open && (state.work || (state.recovered && !phase))) {
      phase = "form";
      before = "";
      dialog.showModal();
    }
    if (dialog.open) render(state);
    if (wasWorking && !state.work && phase === "result") byId("show-folder").focus();
    if (!wasWorking && state.work) byId("stop").focus();
    wasWorking = Boolean(state.work);
  });

  byId("recover-facetime").addEventListener("click", () => open(facetime));
  byId("recover-ticked").addEventListener("click", () => open([...report.ticked].sort((a, b) => a - b)));
  byId("recover-close").addEventListener("click", close);
  byId("recover-cancel").addEventListener("click", close);
  byId("result-close").addEventListener("click", close);
  dialog.addEventListener("cancel", (event) => { if (app.state.work) event.preventDefault(); });
  byId("other-place").addEventListener("click", () => app.ask("place"));
  byId("show-folder").addEventListener("click", () => app.ask("show"));
  byId("verify").addEventListener("click", () => app.ask("verify"));
  byId("other-backup").addEventListener("click", () => app.ask("back"));
  byId("recover-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const place = Number(byId("places").querySelector("input:checked").value);
    app.ask("recover", { opened, place, photos: chosen, jpeg: byId("jpeg").checked });
  });
})();
