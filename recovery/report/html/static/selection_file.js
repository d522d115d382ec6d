/* The file that tells `extract --select` what was ticked. */
(function () {
  report.selectionDocument = function () {
    const chosen = [...report.ticked].sort((a, b) => a - b).map((index) => report.cards[index]);
    return {
      schema: "recover-facetime/selection/1",
      backup: report.main.backup,
      uuids: chosen.filter((card) => card.uuid).map((card) => card.uuid),
      files: chosen.filter((card) => !card.uuid && card.file_id).map((card) => card.file_id),
    };
  };

  report.byId("save-selection").addEventListener("click", () => {
    const text = JSON.stringify(report.selectionDocument(), null, 1) + "\n";
    const address = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    report.element("a", { href: address, download: "selection.json" }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  });
})();
