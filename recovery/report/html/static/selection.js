/* Ticked photos, and the file that tells `extract --select` about them. */
(function () {
  const { byId, plural } = report;
  report.ticked = new Set();

  report.selectionDocument = function () {
    const chosen = [...report.ticked].sort((a, b) => a - b).map((index) => report.cards[index]);
    return {
      schema: "recover-facetime/selection/1",
      backup: report.main.backup,
      uuids: chosen.filter((card) => card.uuid).map((card) => card.uuid),
      files: chosen.filter((card) => !card.uuid && card.file_id).map((card) => card.file_id),
    };
  };

  function update() {
    const number = report.ticked.size;
    byId("selection").hidden = !number;
    byId("selection-count").textContent = plural(number, "photo chosen.", "photos chosen.");
    report.markTicks();
  }

  report.tick = function (index, on) {
    if (on) report.ticked.add(index);
    else report.ticked.delete(index);
    update();
  };

  byId("tick-all").addEventListener("click", () => {
    for (const card of report.order) report.ticked.add(card.index);
    update();
  });
  byId("clear-selection").addEventListener("click", () => { report.ticked.clear(); update(); });
  byId("save-selection").addEventListener("click", () => {
    const text = JSON.stringify(report.selectionDocument(), null, 1) + "\n";
    const address = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    report.element("a", { href: address, download: "selection.json" }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  });
})();
