// Widgets: a box in the Dashboard. The Dashboard loads it by GET, gives the token in a message, and tells the theme; the box then
// asks for its content with that token. An older installation has boxes that the Dashboard posts to: they come with their content,
// and can only say how tall they are.
(() => {
  "use strict";

  const main = document.querySelector("main");
  const query = new URLSearchParams(location.search);
  let dashboard = null; // the origin of the Dashboard, from its first message
  let token = "";
  let refused = null; // the token that was refused last
  let told = 0;

  function post(type, payload = {}) {
    window.parent.postMessage({ type, payload: { ...payload, actionId: `points-${Date.now()}-${Math.random()}` } }, dashboard || "*");
  }

  function tellHeight() {
    const height = Math.ceil(document.body.getBoundingClientRect().height);
    if (height === told || window.parent === window) return;
    told = height;
    post("widgetResize", { height });
  }

  const heard = {
    handshake: ({ token: given }) => take(given),
    tokenRefresh: ({ token: given }) => take(given),
    theme: ({ theme }) => { document.documentElement.dataset.theme = theme === "dark" ? "dark" : "light"; },
  };

  function take(given) {
    if (typeof given !== "string") return;
    if (given === "") {
      if (token === "") say("Your Saleor account needs the permission MANAGE_ORDERS to see points here.");
      return;
    }
    const isFirst = token === "";
    token = given;
    if (isFirst || refused !== null) load();
  }

  // The address names the Saleor, in some Dashboards twice; where it does not, the token does.
  function apiUrl() {
    return query.get("saleorApiUrl") || JSON.parse(atob(token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/"))).iss || "";
  }

  async function load() {
    const sent = token;
    refused = null;
    const form = new FormData();
    for (const name of ["orderId", "customerId", "productId"]) if (query.has(name)) form.set(name, query.get(name));
    try {
      form.set("accessToken", sent);
      form.set("saleorApiUrl", apiUrl());
      const answer = await fetch(location.pathname, {
        method: "POST", body: form, credentials: "omit", cache: "no-store", redirect: "error", referrerPolicy: "no-referrer",
        headers: { "Dashboard-Url": dashboard },
      });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      main.innerHTML = page.querySelector("main").innerHTML;
      if (answer.status === 401) refused = sent; // the next token may do
    } catch {
      refused = sent;
      say("Saleor Points cannot be reached. Please reload the page.");
    }
    main.removeAttribute("aria-busy");
  }

  function say(sentence) {
    main.removeAttribute("aria-busy");
    main.replaceChildren(Object.assign(document.createElement("p"), { className: "soft", textContent: sentence }));
  }

  new ResizeObserver(tellHeight).observe(document.body);
  addEventListener("load", tellHeight);
  if (!("box" in main.dataset)) return;
  if (window.parent === window) {
    say("Saleor Points is part of the Saleor Dashboard: open it there.");
    return;
  }
  addEventListener("message", (event) => {
    const message = event.data;
    if (event.source !== window.parent || typeof message !== "object" || message === null) return;
    if (dashboard !== null && event.origin !== dashboard) return;
    if (!Object.hasOwn(heard, message.type) || typeof message.payload !== "object" || message.payload === null) return;
    if (dashboard === null) dashboard = event.origin;
    heard[message.type](message.payload);
  });
  post("notifyReady");
})();
