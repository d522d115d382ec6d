/* What the filters ask for, and which cards answer. */
(function () {
  const form = report.byId("filters");
  const checked = (name) => new Set([...form.querySelectorAll(`input[name=${name}]:checked`)].map((i) => i.value));

  report.wanted = function () {
    return {
      words: report.byId("search").value.toLowerCase().split(/\s+/).filter(Boolean),
      verdicts: checked("verdict"),
      statuses: checked("status"),
      states: checked("state"),
      kinds: checked("kind"),
      from: report.byId("from").value,
      to: report.byId("to").value,
    };
  };

  /* Within one group any tick counts; the groups narrow each other. */
  report.passes = function (card, wanted) {
    if (wanted.verdicts.size && !wanted.verdicts.has(card.verdict)) return false;
    if (wanted.statuses.size && !wanted.statuses.has(card.status)) return false;
    if (wanted.kinds.size && !wanted.kinds.has(card.kind)) return false;
    if (wanted.states.size && ![...wanted.states].some((state) => card.flags.includes(state))) return false;
    if ((wanted.from || wanted.to) && !card.day) return false;
    if (wanted.from && card.day < wanted.from) return false;
    if (wanted.to && card.day > wanted.to) return false;
    return wanted.words.every((word) => card.text.includes(word));
  };

  report.activeFilters = function (wanted) {
    const sets = [wanted.verdicts, wanted.statuses, wanted.states, wanted.kinds].filter((set) => set.size).length;
    return sets + (wanted.words.length ? 1 : 0) + (wanted.from || wanted.to ? 1 : 0);
  };

  report.setDays = function (from, to) {
    report.byId("from").value = from;
    report.byId("to").value = to;
    report.refresh();
  };
})();
