/* The gallery: parts, groups by call and by day, and chunks of cards that are filled only near the screen. */
(function () {
  const CHUNK = 60;
  const PRINTED = 1000;
  const { element, plural } = report;
  const gallery = report.byId("gallery");
  const flagWords = { g: "permanently deleted", t: "recently deleted", h: "hidden" };
  const probe = element("div", { class: "cards probe" });
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
  report.badges = (card) => [...badges(card), ...[...card.flags].filter((mark) => flagWords[mark])
    .map((mark) => element("span", { class: "badge", textContent: flagWords[mark] }))];

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
    chunk.made = [];
    for (const piece of chunk.pieces) {
      if (piece.headed) chunk.box.append(heading(piece.group));
      const cards = element("div", { class: "cards" });
      for (const card of piece.cards) {
        const made = cardElement(card, chunk.start + chunk.made.length);
        chunk.made.push(made);
        cards.append(made);
      }
      chunk.box.append(cards);
    }
  }

  /* What is far from the screen gives its elements back and keeps its height. */
  function empty(chunk) {
    if (!chunk.filled || chunk.box.contains(document.activeElement)) return;
    chunk.box.style.height = chunk.box.offsetHeight + "px";
    chunk.filled = false;
    chunk.made = [];
    chunk.box.replaceChildren();
  }

  /* Before it is filled a chunk has the height that its headings and rows will take; see browse.css. */
  function reserve(chunk, columns) {
    const headings = chunk.pieces.filter((piece) => piece.headed).length;
    const rows = chunk.pieces.reduce((sum, piece) => sum + Math.ceil(piece.cards.length / columns), 0);
    chunk.box.style.height = `${headings * 3.2 + rows * 14.7}rem`;
  }

  const near = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      const chunk = entry.target.chunk;
      if (entry.isIntersecting) fill(chunk);
      else if (!report.printing) empty(chunk);
    }
  }, { rootMargin: "1200px 0px" });

  report.columns = function () {
    return Math.max(1, getComputedStyle(probe).gridTemplateColumns.split(" ").length);
  };

  function newChunk(start) {
    const chunk = { box: element("div", { class: "chunk" }), pieces: [], start, size: 0, filled: false, made: [] };
    chunk.box.chunk = chunk;
    chunks.push(chunk);
    return chunk;
  }

  /* Cuts groups into chunks of about CHUNK cards; a group that is cut keeps its heading with the first piece. */
  function cut(groups, made) {
    let part = -1;
    let chunk = null;
    for (const group of groups) {
      if (group[0].part !== part) {
        part = group[0].part;
        chunk = null;
        const [title, meaning] = report.main.parts[part];
        made.append(element("header", { class: "part" },
          element("h2", { textContent: title }), element("p", { textContent: meaning })));
      }
      for (let start = 0; start < group.length; start += CHUNK) {
        if (!chunk || chunk.size >= CHUNK) {
          chunk = newChunk(report.order.length);
          made.append(chunk.box);
        }
        const cards = group.slice(start, start + CHUNK);
        chunk.pieces.push({ group, cards, headed: start === 0 });
        chunk.size += cards.length;
        report.order.push(...cards);
      }
    }
  }

  report.showCards = function (cards, newest) {
    near.disconnect();
    chunks = [];
    report.order = [];
    const made = document.createDocumentFragment();
    made.append(probe);
    cut(grouped(sorted(cards, newest)), made);
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
    const chunk = chunks.find((item) => position >= item.start && position < item.start + item.size);
    if (!chunk) return null;
    fill(chunk);
    return chunk.made[position - chunk.start];
  };

  report.focusCard = function (position) {
    const found = report.cardAt(Math.min(Math.max(position, 0), report.order.length - 1));
    if (found) found.querySelector(".open").focus();
  };

  report.markTicks = function () {
    for (const made of chunks.flatMap((chunk) => chunk.made)) {
      const tick = made.querySelector(".tick");
      tick.checked = report.ticked.has(report.order[Number(tick.dataset.position)].index);
      made.classList.toggle("ticked", tick.checked);
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
