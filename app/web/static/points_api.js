// Shows the Points API in Swagger UI. No validator: that would send the document's address to a third party.
const place = document.getElementById("points-api");

SwaggerUIBundle({
  domNode: place,
  url: place.dataset.document,
  validatorUrl: null,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  syntaxHighlight: { activate: false },
});
