/* The close view of one photo: still or movie, and all facts with their sources. */
(function () {
  const { element, byId } = report;
  const dialog = byId("closeup");
  const stage = byId("stage");
  let position = -1;
  let detail = null;

  const card = () => report.order[position];

  function showStill() {
    const name = detail.large || card().picture;
    if (!name) {
      stage.replaceChildren(element("p", { class: "nothing", textContent: card().line }));
      return;
    }
    const image = element("img", { src: report.path(name), alt: card().name, class: detail.large ? "" : "small" });
    image.addEventListener("error", () => {
      const text = report.askMadeFrom
        ? "This picture cannot be shown." : "The picture is missing from the folder beside this page.";
      stage.replaceChildren(element("p", { class: "nothing", textContent: text }));
    }, { once: true });
    stage.replaceChildren(image);
  }

  function playMovie() {
    const video = element("video", { src: report.path(detail.movie), controls: true, autoplay: true, loop: true });
    video.playsInline = true;
    if (detail.large) video.poster = report.path(detail.large);
    const giveUp = () => {
      if (!stage.contains(video)) return;
      showStill();
      byId("play").hidden = true;
      byId("made-from").textContent = "This browser cannot play this video. Extracted, other programs can. "
        + detail.madeFrom;
    };
    video.addEventListener("error", giveUp);
    // FaceTime's movies are HEVC: a browser that cannot decode it would play their sound to an empty picture.
    video.addEventListener("loadedmetadata", () => { if (!video.videoWidth) giveUp(); });
    stage.replaceChildren(video);
    byId("play").textContent = "Show still";
  }

  function toggleMovie() {
    if (!detail || !detail.movie || byId("play").hidden) return;
    if (stage.querySelector("video")) {
      showStill();
      byId("play").textContent = "Play video";
    } else {
      playMovie();
    }
  }

  function factRow([label, text, place, row], places) {
    const made = element("div", { class: label ? "" : "whole" });
    if (label) made.append(element("dt", { textContent: label }));
    made.append(element("dd", { textContent: text }));
    if (place !== undefined) {
      const where = places[place] + (row === undefined ? "" : " row " + row);
      made.append(element("p", { class: "source", textContent: where }));
    }
    return made;
  }

  /* A program that makes pictures when they are asked for (report.askMadeFrom) knows only then from what. */
  function describe() {
    const at = position;
    byId("made-from").textContent = report.askMadeFrom ? "" : detail.madeFrom;
    if (!report.askMadeFrom || !detail.large) return;
    report.askMadeFrom(card().index).then((text) => {
      if (at !== position) return;
      detail.madeFrom = text;
      byId("made-from").textContent = text;
    });
  }

  function show(next) {
    if (next < 0 || next >= report.order.length) return;
    position = next;
    detail = report.details(card().index);
    byId("closeup-name").textContent = card().name;
    byId("closeup-badges").replaceChildren(...report.badges(card()));
    describe();
    byId("position").textContent = `${(position + 1).toLocaleString("en")} of ${report.order.length.toLocaleString("en")}`;
    byId("closeup-tick").checked = report.ticked.has(card().index);
    byId("play").hidden = !detail.movie;
    byId("play").textContent = "Play video";
    byId("previous").disabled = position === 0;
    byId("next").disabled = position === report.order.length - 1;
    byId("facts").replaceChildren(...detail.sections.flatMap(([title, rows]) => [
      element("h3", { textContent: title }),
      element("dl", {}, ...rows.map((row) => factRow(row, detail.places))),
    ]));
    showStill();
  }

  report.openCard = function (at) {
    show(at);
    dialog.showModal();
    document.querySelector(".story").scrollTop = 0;
    byId("close").focus();
  };

  dialog.addEventListener("close", () => {
    stage.replaceChildren();
    report.focusCard(position);
  });
  byId("close").addEventListener("click", () => dialog.close());
  byId("previous").addEventListener("click", () => show(position - 1));
  byId("next").addEventListener("click", () => show(position + 1));
  byId("play").addEventListener("click", toggleMovie);
  byId("closeup-tick").addEventListener("change", (event) => report.tick(card().index, event.target.checked));
  byId("show-sources").addEventListener("change", (event) => {
    document.querySelector(".story").classList.toggle("with-sources", event.target.checked);
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.target.tagName === "VIDEO" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "ArrowLeft") show(position - 1);
    else if (event.key === "ArrowRight") show(position + 1);
    else if (event.key === "m") toggleMovie();
    else if (event.key === "x") byId("closeup-tick").click();
    else return;
    event.preventDefault();
  });
})();
