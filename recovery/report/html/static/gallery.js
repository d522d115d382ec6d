/* The gallery: parts, groups by call and by day, and chunks of cards that are filled only near the screen. */
(function () {
  const CHUNK = 60;
  const PRINTED = 1000;
  const { element, plural } = report;
  const gallery = report.byId("gallery");
  const flagWords = { g: "deleted for good", t: "recently deleted", h: "hidden" };
  let chunks = [];
  report.order = [];

  const groupKey = (card) => (card.part < 2 && card.call >= 0 ? "call" + card.call : card.day);

  function sorted(cards, newest) {
    const direction = newest ? -1 : 1;
    const time = (card) => (card.moment === null ? -direction * Infinity : card.moment);
    return cards.slice().sort((a, b) =>
      a.part - b.part || (time(a) === time(b) ? 0 : direction * (time(a) - time(b))) || a.index - b.index);
  }

  /* Sorted by time, the photos of one call may lie apart; they are brought together at the first of them. */
  function grouped(cards) {
    const groups = new Map();
    for (const card of cards) {
      const key = card.part + " " + groupKey(card);
      if (!groups.has(key)) groups.set(key, []);
      groups.get(key).push(card);
    }
    return [...groups.values()];
  }

  function heading(cards) {
    const first = cards[0];
    const byCall = first.part < 2 && first.call >= 0;
    const title = byCall
      ? element("span", { class: "call", textContent: "FaceTime call " + report.main.calls[first.call] })
      : element("span", { textContent: first.day ? dayName(first.day) : "Date unknown" });
    const number = element("span", { class: "number", textContent: plural(cards.length, "item", "items") });
    return element("h3", { class: "group" }, title, number);
  }

  function dayName(day) {
    const date = new Date(day + "T12:00:00Z");
    if (Number.isNaN(date.getTime())) return day;
    const options = { weekday: "long", year: "numeric", month: "long", day: "numeric", timeZone: "UTC" };
    return date.toLocaleDateString("en-GB", options);
  }

  function badges(card) {
    const made = [];
    const badge = (kind, value) => element("span", { class: "badge" },
      element("span", { class: "swatch fill-" + value, "aria-hidden": "true" }), report.word(kind, value));
    if (card.verdict !== "no") made.push(badge("verdict", card.verdict));
    if (card.status !== "complete") made.push(badge("status", card.status));
    return made;
  }
  report.badges = badges;

  function frame(card) {
    const label = card.only ? element("span", { class: "label", textContent: "thumbnail, not the photo" }) : null;
    const nothing = () => element("span", { class: "nothing", textContent: card.line });
    if (!card.picture) return element("span", { class: "frame" }, nothing());
    const image = element("img", { loading: "lazy", decoding: "async", alt: "", src: report.path(card.picture) });
    const box = element("span", { class: "frame" }, image, label);
    image.addEventListener("error", () => image.replaceWith(nothing()), { once: true });
    return box;
  }

  function cardElement(card, position) {
    const flag = [...card.flags].find((mark) => flagWords[mark]);
    const star = card.flags.includes("f") ? "★ " : "";
    const when = [card.time, report.word("kind", card.kind)].filter(Boolean).join(" · ");
    const open = element("button", { class: "open", type: "button" },
      frame(card),
      element("span", { class: "words" },
        element("span", { class: "name", textContent: star + card.name, title: card.name }),
        element("span", { class: "when", textContent: when }),
        element("span", { class: "badges" }, ...badges(card))));
    open.dataset.position = position;
    const tick = element("input", { type: "checkbox", class: "tick", checked: report.ticked.has(card.index) });
    tick.setAttribute("aria-label", "Choose " + card.name);
    tick.dataset.position = position;
    const made = element("article", { class: "card" + (card.only ? " only" : "") }, open, tick,
      flag ? element("span", { class: "mark", textContent: flagWords[flag] }) : null);
    made.classList.toggle("ticked", tick.checked);
    return made;
  }

  function fill(chunk) {
    if (chunk.filled) return;
    chunk.filled = true;
    chunk.box.style.height = "";
    chunk.box.append(...chunk.cards.map((card, place) => cardElement(card, chunk.start + place)));
  }

  function empty(chunk) {
    if (!chunk.filled || chunk.box.contains(document.activeElement)) return;
    chunk.filled = false;
    reserve(chunk, report.columns());
    chunk.box.replaceChildren();
  }

  function reserve(chunk, columns) {
    const rows = Math.ceil(chunk.cards.length / columns);
    chunk.box.style.height = `calc(${rows} * 14rem + ${rows - 1} * .7rem)`;
  }

  const near = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      const chunk = entry.target.chunk;
      if (entry.isIntersecting) fill(chunk);
      else if (!report.printing) empty(chunk);
    }
  }, { rootMargin: "900px 0px" });

  report.columns = function () {
    const box = gallery.querySelector(".chunk");
    return box ? Math.max(1, getComputedStyle(box).gridTemplateColumns.split(" ").length) : 1;
  };

  report.showCards = function (cards, newest) {
    near.disconnect();
    chunks = [];
    report.order = [];
    const made = document.createDocumentFragment();
    let part = -1;
    for (const group of grouped(sorted(cards, newest))) {
      if (group[0].part !== part) {
        part = group[0].part;
        const [title, meaning] = report.main.parts[part];
        made.append(element("header", { class: "part" },
          element("h2", { textContent: title }), element("p", { textContent: meaning })));
      }
      made.append(heading(group));
      for (let start = 0; start < group.length; start += CHUNK) {
        const box = element("div", { class: "chunk" });
        const chunk = { box, cards: group.slice(start, start + CHUNK), start: report.order.length, filled: false };
        box.chunk = chunk;
        chunks.push(chunk);
        for (const card of chunk.cards) report.order.push(card);
        made.append(box);
      }
    }
    if (!cards.length) {
      made.append(element("p", { class: "empty", textContent: "Nothing fits these filters." }));
    }
    gallery.replaceChildren(made);
    const columns = report.columns();
    for (const chunk of chunks) {
      reserve(chunk, columns);
      near.observe(chunk.box);
    }
  };

  report.cardAt = function (position) {
    const chunk = chunks.find((item) => position >= item.start && position < item.start + item.cards.length);
    if (!chunk) return null;
    fill(chunk);
    return chunk.box.children[position - chunk.start];
  };

  report.focusCard = function (position) {
    const found = report.cardAt(Math.min(Math.max(position, 0), report.order.length - 1));
    if (found) found.querySelector(".open").focus();
  };

  report.markTicks = function () {
    for (const chunk of chunks.filter((item) => item.filled)) {
      chunk.cards.forEach((card, place) => {
        const ticked = report.ticked.has(card.index);
        chunk.box.children[place].classList.toggle("ticked", ticked);
        chunk.box.children[place].querySelector(".tick").checked = ticked;
      });
    }
  };

  /* On paper everything that is shown has to be there, up to a number that a browser bears. */
  report.fillForPrint = function () {
    report.printing = true;
    for (const chunk of chunks.filter((item) => item.start < PRINTED)) fill(chunk);
    const images = [...gallery.querySelectorAll("img")];
    for (const image of images) image.loading = "eager";
    return Promise.all(images.map((image) => image.decode().catch(() => null)));
  };

  window.addEventListener("resize", () => {
    const columns = report.columns();
    for (const chunk of chunks.filter((item) => !item.filled)) reserve(chunk, columns);
  });
})();
