/* The strip of calls, photos, trashings and deletions; a part of it that is chosen filters by day. */
(function () {
  const BINS = 220;
  const WIDTH = 1000;
  const LANE = 25;
  const { byId, element, shape } = report;
  const svg = byId("strip");
  const events = report.main.events;
  if (!events.length) return;
  document.querySelector(".timeline").hidden = false;

  /* A few wrong clocks (1970, 2040) must not squeeze everything else into one corner. */
  function bounds() {
    const times = events.map((event) => event[1]).sort((a, b) => a - b);
    const cut = Math.floor(times.length / 50);
    const inner = [times[cut], times[times.length - 1 - cut]];
    const outer = [times[0], times[times.length - 1]];
    const outliers = inner[1] > inner[0] && outer[1] - outer[0] > 4 * (inner[1] - inner[0]);
    return outliers ? inner : outer;
  }

  let [start, end] = bounds();
  const margin = Math.max(3600, (end - start) * 0.01);
  start -= margin;
  end += margin;
  const binOf = (time) => Math.min(BINS - 1, Math.floor(((time - start) / (end - start)) * BINS));
  const inside = events.filter((event) => event[1] >= start && event[1] <= end);
  const lanes = report.main.lanes.map(() => Array.from({ length: BINS }, () => [0, 0]));
  for (const [lane, time, facetime] of inside) lanes[lane][binOf(time)][facetime ? 0 : 1] += 1;

  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${LANE * lanes.length}`);
  lanes.forEach((bins, lane) => {
    const base = LANE * (lane + 1) - 2;
    shape(svg, "line", { class: "rule", x1: 0, x2: WIDTH, y1: base, y2: base });
    const most = Math.max(...bins.map(([own, other]) => own + other), 1);
    const scale = (number) => (number ? 5 + (LANE - 9) * Math.sqrt(number / most) : 0);
    bins.forEach(([own, other], bin) => {
      const height = scale(own + other);
      const ours = own + other ? (height * own) / (own + other) : 0;
      const box = { x: (bin * WIDTH) / BINS, width: Math.max(WIDTH / BINS - 0.6, 2), class: "fill-" + report.main.lanes[lane][0] };
      if (ours) shape(svg, "rect", { ...box, y: base - ours, height: ours });
      if (height > ours) shape(svg, "rect", { ...box, y: base - height, height: height - ours, class: box.class + " other" });
    });
  });
  document.querySelector(".lanes").append(...report.main.lanes.map(([value, meaning]) =>
    element("span", {}, element("i", { class: "swatch fill-" + value }), meaning)));

  const dayOf = (time) => new Date(time * 1000).toISOString().slice(0, 10);
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((part) => dayOf(start + margin + (end - start - 2 * margin) * part));
  document.querySelector(".axis").append(...[...new Set(ticks)].map((day) => element("span", { textContent: day })));

  const range = shape(svg, "rect", { class: "range", x: 0, y: 0, width: 0, height: LANE * lanes.length });
  let pressed = null;
  const binAt = (event) => {
    const box = svg.getBoundingClientRect();
    return Math.min(BINS - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * BINS)));
  };

  function describe(bin) {
    const texts = lanes.map((bins, lane) => [bins[bin][0] + bins[bin][1], report.main.lanes[lane][1]])
      .filter(([number]) => number).map(([number, meaning]) => `${number.toLocaleString("en")} × ${meaning.toLowerCase()}`);
    const day = dayOf(start + ((bin + 0.5) / BINS) * (end - start));
    byId("timeline-hint").textContent = texts.length ? `About ${day}: ${texts.join(", ")}` : `About ${day}: nothing known`;
  }

  function mark(from, to) {
    range.setAttribute("x", (Math.min(from, to) * WIDTH) / BINS);
    range.setAttribute("width", ((Math.abs(to - from) + 1) * WIDTH) / BINS);
  }

  svg.addEventListener("pointerdown", (event) => { pressed = binAt(event); mark(pressed, pressed); });
  svg.addEventListener("pointermove", (event) => {
    describe(binAt(event));
    if (pressed !== null) mark(pressed, binAt(event));
  });
  svg.addEventListener("pointercancel", () => { pressed = null; });
  window.addEventListener("pointerup", (event) => {
    if (pressed === null) return;
    const [first, last] = [Math.min(pressed, binAt(event)), Math.max(pressed, binAt(event))];
    pressed = null;
    const days = inside.filter((item) => binOf(item[1]) >= first && binOf(item[1]) <= last).map((item) => item[4]).sort();
    const at = (bin) => dayOf(start + (bin / BINS) * (end - start));
    report.setDays(days[0] || at(first), days[days.length - 1] || at(last + 1));
  });

  report.markDays = function (from, to) {
    if (!from && !to) {
      range.setAttribute("width", 0);
      return;
    }
    const seconds = (day, add) => (day ? new Date(day + "T00:00:00Z").getTime() / 1000 + add : null);
    const clamp = (bin) => Math.min(BINS - 1, Math.max(0, bin));
    mark(from ? clamp(binOf(seconds(from, 0))) : 0, to ? clamp(binOf(seconds(to, 86399))) : BINS - 1);
  };
})();
