// Shows an API in Swagger UI. No validator: that would send the document's address to a third party.
const place = document.getElementById("api");

// Swagger UI has dark colours, and waits to be told.
const dark = matchMedia("(prefers-color-scheme: dark)");
const paint = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", paint);
paint();

// What people who hear the page would have to guess: names of fields, headings without a step left out.
const SAID = [
  ["#servers", () => ({ "aria-label": "Server" })],
  [".examples-select-element", () => ({ "aria-label": "Example" })],
  [".parameters select", (choice) => ({ "aria-label": choice.closest("tr")?.dataset.paramName ?? "Value" })],
  // It can be wider than the page: so it can be scrolled by keys.
  ["pre.curl", () => ({ tabindex: "0" })],
  [".body-param__text", () => ({ "aria-label": "Body" })],
  [".responses-table", (table) => ({ "aria-label": `Responses of ${table.closest(".opblock").id}` })],
  ["h3.opblock-tag", () => ({ "aria-level": "2" })],
  ["h4.opblock-title", () => ({ "aria-level": "3" })],
];
const say = () => {
  for (const [selector, attributes] of SAID) {
    for (const part of place.querySelectorAll(`${selector}:not([data-said])`)) {
      for (const [name, value] of Object.entries({ ...attributes(part), "data-said": "" })) part.setAttribute(name, value);
    }
  }
};
new MutationObserver(say).observe(place, { childList: true, subtree: true });

SwaggerUIBundle({
  domNode: place,
  url: place.dataset.document,
  validatorUrl: null,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  syntaxHighlight: { activate: false },
});
