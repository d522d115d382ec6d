/* Brings the parts together: filters to gallery, clicks and keys to what they do. */
(function () {
  const { byId } = report;
  const form = byId("filters");
  const gallery = byId("gallery");
  let waiting = 0;

  report.refresh = function () {
    const wanted = report.wanted();
    const cards = report.cards.filter((card) => report.passes(card, wanted));
    report.showCards(cards, byId("order").value === "newest");
    const all = report.cards.length.toLocaleString("en");
    byId("result-count").textContent = cards.length === report.cards.length
      ? `All ${all} shown` : `${cards.length.toLocaleString("en")} of ${all} shown`;
    const active = report.activeFilters(wanted);
    byId("active-count").textContent = active ? `(${active} in use)` : "";
    if (report.markDays) report.markDays(wanted.from, wanted.to);
  };

  const copy = byId("copy-command");
  if (copy) copy.addEventListener("click", () => {
    const line = byId("next-command");
    getSelection().selectAllChildren(line);
    const done = () => { copy.textContent = "Copied"; };
    // A page opened from a file may not use the clipboard in every browser; then the line stays selected.
    if (navigator.clipboard) navigator.clipboard.writeText(line.textContent).then(done, () => {});
    else if (document.execCommand("copy")) done();
  });

  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", report.refresh);
  form.addEventListener("reset", () => setTimeout(report.refresh));
  byId("search").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(report.refresh, 120);
  });

  gallery.addEventListener("click", (event) => {
    const open = event.target.closest(".open");
    if (open) report.openCard(Number(open.dataset.position));
  });
  gallery.addEventListener("change", (event) => {
    if (event.target.classList.contains("tick")) {
      report.tick(report.order[Number(event.target.dataset.position)].index, event.target.checked);
    }
  });

  document.addEventListener("keydown", (event) => {
    if (byId("closeup").open || event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.matches("input:not([type=checkbox]), select, textarea");
    if (event.key === "/" && !typing) {
      byId("search").focus();
      event.preventDefault();
      return;
    }
    const at = event.target.closest ? event.target.closest("[data-position]") : null;
    if (!at) return;
    const position = Number(at.dataset.position);
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -report.columns(), ArrowDown: report.columns() };
    if (event.key in steps) report.focusCard(position + steps[event.key]);
    else if (event.key === "x") report.tick(report.order[position].index, !report.ticked.has(report.order[position].index));
    else return;
    event.preventDefault();
  });

  /* A link to something that is folded unfolds it. */
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    const target = link && byId(link.getAttribute("href").slice(1));
    if (target && target.tagName === "DETAILS") target.open = true;
  });

  byId("print").addEventListener("click", () => report.fillForPrint().then(() => window.print()));
  window.addEventListener("beforeprint", () => { report.fillForPrint(); });
  window.addEventListener("afterprint", () => { report.printing = false; });
  if (window.matchMedia("(max-width: 60rem)").matches) byId("filter-box").open = false;
  report.refresh();
  performance.mark("ready");
  document.documentElement.dataset.ready = "yes";
})();
