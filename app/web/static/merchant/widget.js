// Widgets: a box in the Dashboard. The Dashboard loads it by GET, gives the token in a message, and tells the theme; the box then
// asks for its content with that token. An older installation has boxes that the Dashboard posts to: they come with their content,
// and can only say how tall they are.
//
//   <form data-give>       sent to the box's own address and "/give"; the answer replaces the box
//   data-says in a form    what went wrong where the answer is no box: what was typed stays
//   data-again             the box waits for something that takes seconds: it asks for itself again until it waits no more
//   data-late in it        what is said after that
//   data-first             what gets the focus once a form was sent
//   data-close             close the details around it
(() => {
  "use strict";

  const main = document.querySelector("main");
  const announcer = document.getElementById("announcer");
  const AGAIN_SECONDS = [0.5, 1, 1, 1, 2, 2, 3, 5, 5, 10, 10, 20, 30, 30];
  const query = new URLSearchParams(location.search);
  const CONTEXT = ["orderId", "customerId", "productId", "giftCardId", "voucherId"]; // what the Dashboard says the box is about
  let dashboard = null; // the origin of the Dashboard, from its first message
  let token = "";
  let refused = null; // the token that was refused last
  let told = 0;
  let newest = 0; // counts what was shown: what was asked for before is not shown any more

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

  // Ask for the box, or send a form of it. The answer's page is `page_`; none where there was no answer.
  async function ask(path, fields = new FormData()) {
    for (const name of CONTEXT) if (query.has(name)) fields.set(name, query.get(name));
    try {
      fields.set("accessToken", token);
      fields.set("saleorApiUrl", apiUrl());
      const answer = await fetch(path, {
        method: "POST", body: fields, credentials: "omit", cache: "no-store", redirect: "error", referrerPolicy: "no-referrer",
        headers: { "Dashboard-Url": dashboard },
      });
      answer.page_ = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
      return answer.page_ === null ? null : answer;
    } catch {
      return null;
    }
  }

  async function load() {
    const sent = token;
    refused = null;
    const answer = await ask(location.pathname);
    if (answer === null) {
      refused = sent;
      say("Saleor Points cannot be reached. Please reload the page.");
      return;
    }
    show(answer.page_);
    if (answer.status === 401) refused = sent; // the next token may do
  }

  function show(page) {
    newest += 1;
    main.innerHTML = page.innerHTML;
    main.removeAttribute("aria-busy");
    lookAgain();
  }

  async function lookAgain(delays = AGAIN_SECONDS, isWhole = true) {
    if (isWhole && main.querySelector("[data-again]") === null) return undefined;
    const [delay, ...later] = delays;
    if (delay === undefined) return sayItIsLate();
    const ticket = newest;
    await new Promise((go) => { setTimeout(go, delay * 1000); });
    if (ticket !== newest) return undefined;
    if (document.hidden) return lookAgain(delays, isWhole);
    const answer = await ask(location.pathname);
    if (ticket !== newest) return undefined;
    if (answer === null || !answer.ok) return lookAgain(later, isWhole);
    const waited = main.querySelector("[data-again]") !== null;
    const isDone = quietUpdate(main, answer.page_.innerHTML, () => false);
    if (waited && main.querySelector("[data-again]") === null) announcer.textContent = "Updated";
    return lookAgain(later, isDone);
  }

  function sayItIsLate() {
    for (const part of main.querySelectorAll("[data-late]")) part.hidden = false;
  }

  async function send(form) {
    const buttons = [...form.querySelectorAll("button")];
    const says = form.querySelector("[data-says]");
    form.setAttribute("aria-busy", "true");
    says.hidden = true;
    for (const one of buttons) one.disabled = true;
    newest += 1; // what is asked for meanwhile would show the box as it was before
    const answer = await ask(`${location.pathname}/give`, new FormData(form));
    form.removeAttribute("aria-busy");
    for (const one of buttons) one.disabled = false;
    if (answer !== null && (answer.ok || answer.status === 422)) {
      show(answer.page_);
      const first = main.querySelector("[aria-invalid=true]") || main.querySelector("[data-first]");
      if (first !== null) first.focus();
      return;
    }
    // The form's token is still good: whoever presses again does it once.
    const why = answer === null ? "Saleor Points cannot be reached." : answer.page_.innerText.trim();
    says.textContent = `${why} Press the button again.`;
    says.hidden = false;
    lookAgain();
  }

  function say(sentence) {
    main.removeAttribute("aria-busy");
    main.replaceChildren(Object.assign(document.createElement("p"), { className: "soft", textContent: sentence }));
  }

  new ResizeObserver(tellHeight).observe(document.body);
  addEventListener("load", tellHeight);
  document.addEventListener("submit", (event) => {
    if (!("give" in event.target.dataset)) return;
    event.preventDefault();
    if (event.target.getAttribute("aria-busy") !== "true") send(event.target); // not for a double click
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-close]") === null) return;
    const details = event.target.closest("details");
    details.open = false;
    details.querySelector("summary").focus();
  });
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
