/* Ticked photos. */
(function () {
  const { byId, plural } = report;
  report.ticked = new Set();

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
})();
