"use strict";
/* Small helpers to make elements. Every text goes in as text, never as markup. */
const report = {};

report.element = function (name, properties, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties || {})) {
    if (key === "class") made.className = value;
    else if (key.includes("-")) made.setAttribute(key, value);
    else made[key] = value;
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
};

report.byId = (id) => document.getElementById(id);

report.shape = function (svg, name, attributes) {
  const made = document.createElementNS(svg.namespaceURI, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  svg.append(made);
  return made;
};

report.plural = (number, one, many) => number.toLocaleString("en") + " " + (number === 1 ? one : many);
