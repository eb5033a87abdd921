// The bridge between the Saleor Dashboard, which frames this page, and the app's fragments.
//
// The Dashboard says who the staff user is (a token that lives for five minutes, kept in memory only), which theme and locale it
// has and where it stands; this script fetches the fragment for that place and puts it into <main>. Links, forms and buttons in
// a fragment work by the attributes that are listed at `onClick` and `onSubmit`.
(() => {
  "use strict";

  const HANDSHAKE_SECONDS = 10;
  const PREVIEW_MILLISECONDS = 300;
  // A worker takes what waits within a second or two, and is done in a few more. What takes minutes is not waited for.
  const AGAIN_SECONDS = [0.5, 1, 1, 1, 2, 2, 3, 5, 5, 10, 10, 20, 30, 30];
  const REFUSALS = {
    USER_DENIED_PERMISSIONS: "You denied it. Nothing was changed.",
    UPDATE_PERMISSIONS_FAILED: "Saleor refused it. Your account needs MANAGE_APPS, the permission itself, and each permission that the app has already.",
  };

  const appName = document.title; // as the shell has it, before any page
  const main = document.getElementById("main");
  const says = document.getElementById("says");
  const banners = document.getElementById("banners");
  const announcer = document.getElementById("announcer");
  const query = new URLSearchParams(location.search);
  // Some frames carry it twice; the first counts.
  const apiUrl = query.get("saleorApiUrl") || "";

  let dashboard = null; // the origin of the Dashboard, from its first message
  let dashboardUrl = null; // with its mount path, once it has told where it stands
  let token = "";
  let locale = "en";
  let here = pathOf(location.pathname) || "overview";
  let first = here; // the page of the frame's own address
  let newest = 0; // the newest navigation: an answer to an older one is dropped
  let actions = 0;
  let isReturning = query.get("appPath") !== null; // whether the Dashboard led here after `askFor`, and its path does not name the page
  let stands = null; // where the Dashboard said last that it stands, or was told to
  let begun = []; // the interruptions that were not read out yet
  const moving = new Map(); // the pages that the Dashboard was told of, by the action that told it
  let steps = null; // the pages that Back and Forward lead to: steps.js
  let waiting = []; // who waits for a token that differs from the one that was refused

  // --- the Dashboard ---------------------------------------------------------------------------------------------------

  function post(type, payload = {}) {
    actions += 1;
    const actionId = `points-${Date.now()}-${actions}`;
    window.parent.postMessage({ type, payload: { ...payload, actionId } }, dashboard || "*");
    return actionId;
  }

  const heard = {
    handshake: ({ token: given }) => takeToken(given),
    tokenRefresh: ({ token: given }) => takeToken(given),
    theme: ({ theme }) => { document.documentElement.dataset.theme = theme === "dark" ? "dark" : "light"; },
    localeChanged: ({ locale: told }) => { locale = typeof told === "string" ? told : locale; },
    redirect: ({ path }) => follow(path),
    response: ({ actionId }) => remember(actionId),
  };

  addEventListener("message", (event) => {
    const message = event.data;
    if (event.source !== window.parent || typeof message !== "object" || message === null) return;
    if (dashboard !== null && event.origin !== dashboard) return;
    if (!Object.hasOwn(heard, message.type) || typeof message.payload !== "object" || message.payload === null) return;
    if (dashboard === null) dashboard = event.origin;
    heard[message.type](message.payload);
  });

  function takeToken(given) {
    if (typeof given !== "string") return;
    const isFirst = token === "";
    token = given;
    if (token === "") {
      if (isFirst) stop("The Dashboard gave no token for your account, so it lacks a permission that Saleor Points has. Ask whoever manages your team's permissions in Saleor.");
      return;
    }
    const ready = waiting.filter((one) => one.refused !== token);
    waiting = waiting.filter((one) => one.refused === token);
    if (ready.length > 0) say("");
    for (const one of ready) one.go();
    if (!isFirst) return;
    open(here, { isNew: false });
    if (isReturning && query.get("error") in REFUSALS) {
      post("notification", { status: "warning", title: "Permission not granted", text: REFUSALS[query.get("error")] });
    }
  }

  // Where the Dashboard stands: "/dashboard/extensions/app/ID/orders/12", before 3.22 "/dashboard/apps/ID/app/orders/12".
  function follow(path) {
    const found = /^(.*?)\/(?:extensions\/app\/[^/?#]+|apps\/[^/?#]+\/app)(\/[^?#]*)?(\?[^#]*)?/.exec(typeof path === "string" ? path : "");
    if (found === null) return;
    dashboardUrl = dashboard + found[1];
    if (isReturning && !found[2]) {
      isReturning = false;
      post("updateRouting", { newRoute: asRoute(first) });
      stands = first;
      return;
    }
    const wanted = fromRoute(found[2] || "");
    const asked = ownQuery(found[3] || "");
    // The frame's first address has the query that this path lacks, whenever the Dashboard tells of it.
    const whole = stands === null && here.split("?")[0] === wanted ? here : first;
    const place = asked === "" && whole.split("?")[0] === wanted ? whole : wanted + asked;
    // After the browser's Back it still stands elsewhere, and says so again with each fresh token.
    const isNews = place !== stands;
    stands = place;
    if (token !== "" && isNews && stands !== here) open(stands, { isNew: false });
  }

  // The Dashboard has written the page's address into the browser's history.
  function remember(actionId) {
    if (!moving.has(actionId)) return;
    steps.add(moving.get(actionId));
    moving.delete(actionId);
  }

  // The browser went back or forward to this page.
  function turn(place) {
    if (token === "") return;
    newest += 1; // what is on its way was asked for elsewhere
    main.removeAttribute("aria-busy");
    if (steps.movesAddress) stands = place;
    if (place === here) return;
    mayLeave().then((may) => (may ? open(place, { isNew: false }) : write(here)));
  }

  // Let the Dashboard write a page's address as a new entry of the history.
  function write(page) {
    moving.set(post("updateRouting", { newRoute: asRoute(page) }), page);
    stands = page;
  }

  function freshToken(refused) {
    return new Promise((go) => { waiting.push({ refused, go }); post("notifyReady"); });
  }

  function notify(header) {
    try {
      post("notification", JSON.parse(decodeURIComponent(header)));
    } catch { /* an answer that cannot be read is shown in the page all the same */ }
  }

  // Each answer names the tabs of the pages that this staff user may open.
  function showTabs(pages) {
    for (const link of document.querySelectorAll("nav [data-page]")) link.hidden = !pages.includes(link.dataset.page);
  }

  // What interrupts the work stands above each page. It is read out when it begins, and not again on each page.
  function interrupt(header) {
    let told;
    try {
      told = JSON.parse(decodeURIComponent(header));
    } catch {
      return;
    }
    const known = [...banners.children].map((one) => one.dataset.what);
    banners.replaceChildren(...told.map(({ what, tone, title, text }) => {
      const banner = document.createElement("div");
      banner.className = `notice ${tone}`;
      banner.dataset.what = what;
      banner.append(Object.assign(document.createElement("strong"), { textContent: title }), ` ${text}`);
      return banner;
    }));
    banners.hidden = told.length === 0;
    begun.push(...told.filter(({ what }) => !known.includes(what)).map(({ title }) => title));
  }

  // --- pages -----------------------------------------------------------------------------------------------------------

  function pathOf(pathname) {
    const found = /^\/app(?:\/(.*?))?\/*$/.exec(pathname);
    if (found === null) return null;
    // Where its own address names the app with a bare "=", the Dashboard takes all of that address for the app's path.
    return fromRoute((found[1] || "").replace(/^extensions\/app\/[^/]*\/?/, ""));
  }

  // On a reload the Dashboard tells its path without the query. So what a list was asked for stands in the path, in which "~"
  // is written for "%": "orders?state=problem" is "/orders/find/state=problem".
  function asRoute(page) {
    if (page === "overview") return "";
    const [path, asked] = page.split("?");
    return `/${path}${asked ? `/find/${asked.replace(/~/g, "%7E").replace(/%/g, "~")}` : ""}`;
  }

  function fromRoute(route) {
    const found = /^\/*(.*?)(?:\/find\/([^/]*))?\/*$/.exec(route);
    return (found[1] || "overview") + (found[2] ? `?${found[2].replace(/~/g, "%")}` : "");
  }

  // The frame's address also carries what the Dashboard added; that is no part of the page's own query.
  function ownQuery(search) {
    const kept = new URLSearchParams(search);
    for (const name of [...kept.keys()]) {
      if (["domain", "saleorApiUrl", "id", "theme", "appPath", "error"].includes(name) || name.startsWith("featureFlags")) kept.delete(name);
    }
    const text = kept.toString();
    return text ? `?${text}` : "";
  }

  async function open(path, { isNew = true } = {}) {
    const answer = await ask(path, { method: "GET" });
    if (answer !== null) show(answer, { path, isNew });
  }

  // Ask for a fragment. A refused token is waited out; null means that something else was asked for meanwhile.
  async function ask(path, options, { isNavigation = true } = {}) {
    const ticket = isNavigation ? (newest += 1) : newest;
    if (isNavigation) main.setAttribute("aria-busy", "true");
    for (;;) {
      const sent = token;
      let answer;
      try {
        answer = await fetch(`/app/pages/${path}`, {
          ...options, credentials: "omit", cache: "no-store", redirect: "error", referrerPolicy: "no-referrer",
          headers: { Authorization: `Bearer ${sent}`, "Saleor-Api-Url": apiUrl, "Dashboard-Locale": locale,
            "Dashboard-Url": dashboardUrl || dashboard },
        });
        if (answer.status === 401) {
          const why = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[role=alert]");
          say(`${why ? why.textContent.trim() : "The Dashboard's token is refused."} Waiting for a fresh one; nothing is lost.`);
          if (token === sent) await freshToken(sent);
          if (ticket !== newest) return null;
          continue;
        }
        answer.body_ = answer.headers.has("Content-Disposition") ? await answer.blob() : await answer.text();
      } catch {
        if (ticket !== newest) return null;
        if (isNavigation) main.removeAttribute("aria-busy");
        say("Saleor Points cannot be reached. What you typed is still here: try again.");
        return null;
      }
      if (ticket !== newest) return null;
      if (isNavigation) main.removeAttribute("aria-busy");
      say("");
      if (answer.headers.has("X-Tabs")) showTabs(answer.headers.get("X-Tabs").split(" "));
      if (answer.headers.has("X-Banners")) interrupt(answer.headers.get("X-Banners"));
      if (answer.headers.has("X-Notify")) notify(answer.headers.get("X-Notify"));
      return answer;
    }
  }

  function show(answer, { path, isNew, into = main, stays = null }) {
    if (!(answer.headers.get("Content-Type") || "").startsWith("text/html") || typeof answer.body_ !== "string") {
      say("Saleor Points gave an answer that is no page. Try again.");
      return;
    }
    into.innerHTML = answer.body_;
    if (into !== main) {
      tell(into.textContent);
      return;
    }
    const shown = answer.headers.has("X-Page") ? decodeURIComponent(answer.headers.get("X-Page")) : path;
    if (shown && shown !== here) {
      here = shown;
      if (isNew) {
        write(here);
      } else {
        steps.rename(here);
      }
    }
    for (const link of document.querySelectorAll("nav [data-page]")) {
      if (link.dataset.page === here.split(/[/?]/)[0]) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    const heading = main.querySelector("h1");
    document.title = heading ? `${heading.textContent.trim()} – ${appName}` : appName;
    const wrong = main.querySelector("[aria-invalid=true]");
    const again = stays && main.querySelector(`form[data-stays][action="${CSS.escape(stays)}"] .primary`);
    const opened = main.querySelector("details.confirm[open] input:not([type=hidden])");
    const focused = wrong || main.querySelector("[data-first]") || opened || again || heading;
    if (focused) {
      if (focused === heading) heading.tabIndex = -1;
      focused.focus({ preventScroll: focused === heading || focused === again });
      if (focused === heading) scrollTo(0, 0);
    }
    for (const part of main.querySelectorAll("[data-load]")) fill(part);
    tell([...begun, ...[heading, ...main.querySelectorAll(".notice")].filter(Boolean).map((part) => part.innerText.trim())].join(". "));
    begun = [];
    lookAgain();
  }

  // <div data-again>   the page waits for something that takes seconds: it is asked for again until it does not wait any more
  //   data-meanwhile and data-late in it: what is said as long as it is asked for, and after that
  async function lookAgain(delays = AGAIN_SECONDS, isWhole = true) {
    if (isWhole && main.querySelector("[data-again]") === null) return undefined;
    const [delay, ...later] = delays;
    if (delay === undefined) return sayItIsLate();
    const ticket = newest;
    await new Promise((go) => { setTimeout(go, delay * 1000); });
    if (ticket !== newest) return undefined;
    if (document.hidden) return lookAgain(delays, isWhole);
    const answer = await ask(here, { method: "GET" }, { isNavigation: false });
    if (ticket !== newest) return undefined;
    if (answer === null || !answer.ok || typeof answer.body_ !== "string") return lookAgain(later, isWhole);
    const waited = main.querySelector("[data-again]") !== null;
    const isDone = quietUpdate(main, answer.body_, isChanged);
    for (const part of main.querySelectorAll("[data-load]")) fill(part);
    if (waited && main.querySelector("[data-again]") === null) {
      tell(["Updated", ...[...main.querySelectorAll(".notice")].map((part) => part.innerText.trim())].join(". "));
    }
    return lookAgain(later, isDone);
  }

  function sayItIsLate() {
    for (const part of main.querySelectorAll("[data-meanwhile]")) part.hidden = true;
    for (const part of main.querySelectorAll("[data-late]")) part.hidden = false;
  }

  // <div data-load="pages/…">   what takes longer comes a moment later, in its place; again, as long as data-again stands in it
  async function fill(part, delays = AGAIN_SECONDS) {
    const answer = await ask(part.dataset.load.replace(/^pages\//, ""), { method: "GET" }, { isNavigation: false });
    if (answer === null || typeof answer.body_ !== "string") return undefined;
    if (delays === AGAIN_SECONDS) part.innerHTML = answer.body_;
    else quietUpdate(part, answer.body_, isChanged);
    if (part.querySelector("[data-again]") === null) return undefined;
    const [delay, ...later] = delays;
    if (delay === undefined) return sayItIsLate();
    await new Promise((go) => { setTimeout(go, delay * 1000); });
    return part.isConnected ? fill(part, later) : undefined;
  }

  function say(sentence) {
    says.textContent = sentence;
    says.hidden = sentence === "";
  }

  function tell(sentence) { announcer.textContent = sentence.replace(/\s+/g, " ").slice(0, 300); }

  function stop(sentence) {
    main.removeAttribute("aria-busy");
    main.replaceChildren(Object.assign(document.createElement("p"), { className: "notice warning", textContent: sentence }));
    tell(sentence);
  }

  // --- forms that were filled in and not saved -------------------------------------------------------------------------

  const unsaved = document.getElementById("unsaved");

  // Ask whether to leave this page, where a form on it other than `saved` was changed. The frame's sandbox has no confirm(),
  // and the Dashboard asks no app before it leaves it.
  function mayLeave(saved = null) {
    const forms = [...main.querySelectorAll("form[data-fragment][method=post]")];
    if (!forms.some((form) => form !== saved && isChanged(form))) return Promise.resolve(true);
    if (unsaved.open) return Promise.resolve(false);
    unsaved.returnValue = "stay";
    unsaved.showModal();
    return new Promise((tell) => {
      unsaved.addEventListener("close", () => tell(unsaved.returnValue === "leave"), { once: true });
    });
  }

  // A form that came back with an error holds what was typed as if it had always been there.
  function isChanged(form) {
    return [...form.elements].some((field) => field.getAttribute("aria-invalid") === "true" || differs(field));
  }

  function differs(field) {
    if (field.tagName === "SELECT") {
      const first = [...field.options].findIndex((option) => option.defaultSelected);
      return field.selectedIndex !== Math.max(first, 0);
    }
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    return ["INPUT", "TEXTAREA"].includes(field.tagName) && field.type !== "hidden" && field.value !== (field.defaultValue || "");
  }

  // --- links, forms and buttons of a fragment --------------------------------------------------------------------------

  // data-first           what is to be seen first, when it is not the heading
  // data-close           close the confirm around it
  // data-copy="ID"       copy the text of an element
  // data-grant="A,B"     let the Dashboard ask the staff user to give the app these permissions
  // <a href="/app/…">    show that page; with data-download: fetch /app/pages/… and save it
  document.addEventListener("click", (event) => {
    const part = event.target.closest("[data-close], [data-copy], [data-grant], a[href]");
    if (part === null) return;
    if ("close" in part.dataset) return close(part.closest("details"));
    if (part.dataset.copy) return copy(part);
    if (part.dataset.grant) return mayLeave().then((may) => may && askFor(part.dataset.grant.split(",")));
    if (part.tagName !== "A" || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0 || part.target === "_blank") return undefined;
    const url = new URL(part.href, location.href);
    const path = url.origin === location.origin ? pathOf(url.pathname) : null;
    if (path === null) return undefined;
    event.preventDefault();
    if ("download" in part.dataset) return download(path.replace(/^pages\//, "") + url.search, part);
    return mayLeave().then((may) => may && open(path + url.search));
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target.closest) close(event.target.closest("details.confirm[open]"));
  });

  function close(details) {
    if (details === null) return;
    details.open = false;
    details.querySelector("summary").focus();
  }

  function copy(button) {
    const source = document.getElementById(button.dataset.copy);
    const selection = getSelection();
    selection.selectAllChildren(source);
    // The Dashboard's frame has no permission for the newer clipboard interface.
    const isCopied = document.execCommand("copy");
    if (isCopied) selection.removeAllRanges();
    tell(isCopied ? "Copied." : "Copying is not allowed here; the text is selected.");
    button.dataset.label = button.dataset.label || button.textContent;
    button.textContent = isCopied ? "Copied" : "Selected: press Ctrl-C";
    setTimeout(() => { button.textContent = button.dataset.label; }, 2000);
  }

  // The Dashboard shows a page of its own in place of this frame. From there a new frame begins at `redirectPath`, and `follow` goes on.
  function askFor(permissions) {
    post("requestPermissions", { permissions, redirectPath: asRoute(here).replace(/^\//, "") || "overview" });
  }

  async function download(path, link) {
    if (link.getAttribute("aria-disabled") === "true") return;
    link.setAttribute("aria-disabled", "true");
    const answer = await ask(path, { method: "GET" }, { isNavigation: false });
    link.removeAttribute("aria-disabled");
    if (answer === null) return;
    if (typeof answer.body_ === "string") return show(answer, { path: here, isNew: false });
    const named = /filename="?([^";]+)/.exec(answer.headers.get("Content-Disposition"));
    const address = URL.createObjectURL(answer.body_);
    Object.assign(document.createElement("a"), { href: address, download: named ? named[1] : "export" }).click();
    setTimeout(() => URL.revokeObjectURL(address), 60000);
  }

  // <form data-fragment method="get|post" action="pages/…">   the answer replaces <main>, whatever its status
  //   data-into="ID" on the form or on the pressed button     it replaces that element's content instead
  //   data-stays on the form                                  once it is saved, the page stays where it was scrolled to
  //   formaction, name and value of the pressed button count
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!("fragment" in form.dataset)) return;
    event.preventDefault();
    if (form.getAttribute("aria-busy") === "true") return; // a double click
    const loses = into(form, event.submitter) === main; // what was typed into other forms
    (loses ? mayLeave(form) : Promise.resolve(true)).then((may) => may && submit(form, event.submitter));
  });

  function into(form, button) {
    return document.getElementById((button && button.dataset.into) || form.dataset.into || "main") || main;
  }

  async function submit(form, button) {
    const path = action(form, button);
    const place = into(form, button);
    const data = new FormData(form, button);
    const isPost = (form.getAttribute("method") || "get").toLowerCase() === "post";
    const whole = isPost ? path : `${path}?${filled(data)}`;
    const buttons = [...form.querySelectorAll("button")];
    form.setAttribute("aria-busy", "true");
    for (const one of buttons) one.disabled = true;
    const answer = await ask(whole, isPost ? { method: "POST", body: data } : { method: "GET" }, { isNavigation: place === main });
    form.removeAttribute("aria-busy");
    for (const one of buttons) one.disabled = false;
    const stays = "stays" in form.dataset ? form.getAttribute("action") : null;
    if (answer !== null) show(answer, { path: isPost ? null : whole, isNew: true, into: place, stays });
  }

  function action(form, button) {
    const named = (button && button.getAttribute("formaction")) || form.getAttribute("action") || "";
    return named.replace(/^\/?(?:app\/)?(?:pages\/)?/, "");
  }

  function filled(data) {
    const fields = new URLSearchParams();
    for (const [name, value] of data) if (typeof value === "string" && value !== "") fields.append(name, value);
    return fields;
  }

  // data-only-with="NAME=VALUE"   shown only while the field of this name, in the same form, has this value
  document.addEventListener("change", ({ target }) => {
    if (!target.form || !target.name) return;
    for (const part of target.form.querySelectorAll("[data-only-with]")) {
      const [name, value] = part.dataset.onlyWith.split("=");
      if (name === target.name) part.hidden = target.value !== value;
    }
  });

  // <form data-preview="pages/…" data-preview-into="ID">      what is typed is shown there a moment later, and nothing is kept
  let preview = 0;
  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (!form || !form.dataset.preview) return;
    const turn = (preview += 1);
    setTimeout(async () => {
      // A form that is being sent, or was, needs no preview; and the server reads one picture at a time.
      if (turn !== preview || !form.isConnected || form.getAttribute("aria-busy") === "true") return;
      const path = form.dataset.preview.replace(/^\/?(?:app\/)?pages\//, "");
      const answer = await ask(path, { method: "POST", body: new FormData(form) }, { isNavigation: false });
      const into = document.getElementById(form.dataset.previewInto);
      if (answer !== null && into !== null && turn === preview && typeof answer.body_ === "string") into.innerHTML = answer.body_;
    }, PREVIEW_MILLISECONDS);
  });

  // --- begin -----------------------------------------------------------------------------------------------------------

  first = here + ownQuery(location.search);
  if (window.parent === window) {
    stop("Saleor Points is part of the Saleor Dashboard: open it there, under Extensions.");
    return;
  }
  if (apiUrl === "") {
    stop("The Dashboard did not say which Saleor it belongs to. Open Saleor Points from the Dashboard's extensions.");
    return;
  }
  steps = window.pointsSteps(first, turn);
  here = steps.place;
  post("notifyReady");
  setTimeout(() => {
    if (dashboard === null) stop("The Dashboard did not answer. Reload the page; if that does not help, open Saleor Points from the Dashboard's extensions once more.");
  }, HANDSHAKE_SECONDS * 1000);
})();
