/* The records of the page: cards at once, details only when they are looked at. */
(function () {
  const main = JSON.parse(report.byId("main-data").textContent);
  const names = main.cardNames;
  report.main = main;
  report.cards = main.cards.map((row, index) => {
    const card = { index };
    names.forEach((name, place) => { card[name] = row[place]; });
    return card;
  });
  delete main.cards;

  const elements = document.querySelectorAll("script.details-data");
  const blocks = new Map();
  report.details = function (index) {
    const number = Math.floor(index / main.blockSize);
    if (!blocks.has(number)) {
      if (blocks.size > 20) blocks.clear();
      blocks.set(number, JSON.parse(elements[number].textContent));
    }
    const block = blocks.get(number);
    return { ...block.details[index % main.blockSize], places: block.places };
  };

  report.path = (name) => (name ? encodeURIComponent(main.previews) + "/" + name : "");
  const word = (form, value) => {
    const input = document.querySelector(`#filters input[name=${form}][value="${value}"]`);
    return input ? input.dataset.word : value;
  };
  const words = new Map();
  report.word = function (form, value) {
    const key = form + value;
    if (!words.has(key)) words.set(key, word(form, value));
    return words.get(key);
  };
})();
