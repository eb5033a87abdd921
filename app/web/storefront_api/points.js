// For a shop's own pages. <points-balance>: the points of the customer who is signed in. <points-earn>: what a purchase earns.
// docs/storefront/api.md describes them.

const TEXTS = {
  en: {
    points: { one: "{n} point", other: "{n} points" },
    take: { one: "Claim {n} point", other: "Claim {n} points" },
    earn: { one: "You earn {n} point", other: "You earn {n} points" },
    worth: "worth {amount}",
    loading: "Loading your points",
    fault: "Your points cannot be shown right now.",
    again: "Try again",
  },
  de: {
    points: { one: "{n} Punkt", other: "{n} Punkte" },
    take: { one: "{n} Punkt abholen", other: "{n} Punkte abholen" },
    earn: { one: "Sie erhalten {n} Punkt", other: "Sie erhalten {n} Punkte" },
    worth: "entspricht {amount}",
    loading: "Ihre Punkte werden geladen",
    fault: "Ihre Punkte können gerade nicht angezeigt werden.",
    again: "Noch einmal versuchen",
  },
  fr: {
    points: { one: "{n} point", many: "{n} points", other: "{n} points" },
    take: { one: "Récupérer {n} point", many: "Récupérer {n} points", other: "Récupérer {n} points" },
    earn: { one: "Vous gagnez {n} point", many: "Vous gagnez {n} points", other: "Vous gagnez {n} points" },
    worth: "soit {amount}",
    loading: "Chargement de vos points",
    fault: "Vos points ne peuvent pas être affichés pour le moment.",
    again: "Réessayer",
  },
  es: {
    points: { one: "{n} punto", many: "{n} puntos", other: "{n} puntos" },
    take: { one: "Obtener {n} punto", many: "Obtener {n} puntos", other: "Obtener {n} puntos" },
    earn: { one: "Ganas {n} punto", many: "Ganas {n} puntos", other: "Ganas {n} puntos" },
    worth: "equivalen a {amount}",
    loading: "Cargando tus puntos",
    fault: "Tus puntos no se pueden mostrar en este momento.",
    again: "Intentar de nuevo",
  },
  pl: {
    points: { one: "{n} punkt", few: "{n} punkty", many: "{n} punktów", other: "{n} punktu" },
    take: { one: "Odbierz {n} punkt", few: "Odbierz {n} punkty", many: "Odbierz {n} punktów", other: "Odbierz {n} punktu" },
    earn: { one: "Zyskujesz {n} punkt", few: "Zyskujesz {n} punkty", many: "Zyskujesz {n} punktów", other: "Zyskujesz {n} punktu" },
    worth: "o wartości {amount}",
    loading: "Wczytujemy Twoje punkty",
    fault: "Nie możemy teraz pokazać Twoich punktów.",
    again: "Spróbuj ponownie",
  },
};

const STYLE = `
:host { display: inline-flex; flex-wrap: wrap; align-items: center; gap: var(--points-gap, .25em .5em); color: var(--points-color, inherit); font: inherit; }
:host([hidden]), [hidden] { display: none; }
[part~="points"], [part~="earn"] { font-weight: var(--points-weight, 600); }
button, a { font: inherit; padding: .4em .9em; border: 0; border-radius: var(--points-radius, .5em); cursor: pointer;
  background: var(--points-accent, #3448c5); color: var(--points-on-accent, #fff); text-decoration: none; }
button:focus-visible, a:focus-visible { outline: 2px solid currentColor; outline-offset: 2px; }
button[aria-disabled="true"] { opacity: .7; cursor: progress; }
`;

let tokenOfAll = null;

/** Name what gives the customer's Saleor access token, for all elements: a function, or one that promises it. */
export function setPointsToken(giveToken) {
  tokenOfAll = giveToken;
  for (const element of document.querySelectorAll("points-balance")) element.refresh();
}

/** What both elements do: ask the API when something changes, and show the parts that there is a text for. */
class PointsElement extends HTMLElement {
  _parts = {};
  #asked = 0;

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
  }

  _add(name, tag) {
    const part = document.createElement(tag);
    part.setAttribute("part", name);
    part.hidden = true;
    this.shadowRoot.append(part);
    this._parts[name] = part;
    return part;
  }

  connectedCallback() {
    this.refresh();
  }

  attributeChangedCallback(_name, before, now) {
    if (before !== now) this.refresh();
  }

  /** Ask anew, such as after the customer signed in or paid, or the cart changed. */
  async refresh() {
    const asked = ++this.#asked;
    // Several changes in one turn of the page are one question.
    await Promise.resolve();
    if (asked !== this.#asked || !this.isConnected || !this.getAttribute("api")) return;
    await this._load(() => asked === this.#asked);
  }

  async _fetch(path, options) {
    const url = `${this.getAttribute("api").replace(/\/+$/, "")}/${path}`;
    const answer = await fetch(url, { credentials: "omit", ...options });
    return { ok: answer.ok, status: answer.status, said: await answer.json() };
  }

  /** Show these parts, and no other. */
  _show(texts) {
    for (const [name, part] of Object.entries(this._parts)) {
      part.hidden = !(name in texts);
      // Always as text: nothing that anybody wrote becomes a part of the page.
      if (name !== "signedOut") part.textContent = texts[name] ?? "";
    }
    return null;
  }

  _tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  _count(name, number) {
    const form = this._texts[name][new Intl.PluralRules(this._language).select(number)] ?? this._texts[name].other;
    return form.replace("{n}", new Intl.NumberFormat(this._language).format(number));
  }

  get _language() {
    const named = this.closest("[lang]")?.lang || navigator.language || "en";
    return named.split("-")[0] in TEXTS ? named : "en";
  }

  get _texts() {
    return TEXTS[this._language.split("-")[0]];
  }
}

export class PointsBalance extends PointsElement {
  static observedAttributes = ["api", "channel", "lang"];
  #token = null;

  constructor() {
    super();
    for (const name of ["points", "worth", "problem"]) this._add(name, "span");
    this._add("take", "button").addEventListener("click", () => this.#take());
    this._add("link", "a");
    this._add("again", "button").addEventListener("click", () => this.refresh());
    const signedOut = document.createElement("slot");
    signedOut.name = "signed-out";
    signedOut.hidden = true;
    this.shadowRoot.append(signedOut);
    this._parts.signedOut = signedOut;
    this._parts.problem.setAttribute("role", "status");
  }

  /** Name what gives the token for this element alone. */
  set token(giveToken) {
    this.#token = giveToken;
    this.refresh();
  }

  async _load(isCurrent) {
    this._show({ problem: this._texts.loading });
    const channel = this.getAttribute("channel");
    const wallet = await this.#ask(`me${channel ? `?channel=${encodeURIComponent(channel)}` : ""}`);
    if (!isCurrent() || !wallet) return;
    const claims = wallet.claimable > 0 ? ((await this.#ask("me/claims"))?.claims ?? []) : [];
    if (isCurrent()) this.#showWallet(wallet, claims);
  }

  #showWallet(wallet, claims) {
    const shown = { points: this._count("points", wallet.points) };
    if (wallet.worth && Number(wallet.worth.amount) > 0) {
      const { amount, currency } = wallet.worth;
      // A text, so that no digit is lost.
      const money = new Intl.NumberFormat(this._language, { style: "currency", currency }).format(amount);
      shown.worth = this._texts.worth.replace("{amount}", money);
    }
    this.claims = claims.filter((claim) => claim.canBeTaken);
    const waiting = this.claims.reduce((sum, claim) => sum + claim.points, 0);
    const elsewhere = claims.find((claim) => !claim.canBeTaken && claim.link);
    if (waiting > 0) shown.take = this._count("take", waiting);
    else if (elsewhere) {
      shown.link = this._count("take", elsewhere.points);
      this._parts.link.href = elsewhere.link;
    }
    this._show(shown);
    this._tell("points-shown", wallet);
  }

  async #take() {
    if (this._parts.take.getAttribute("aria-disabled") === "true") return;
    this._parts.take.setAttribute("aria-disabled", "true");
    for (const claim of this.claims ?? []) {
      if (!(await this.#ask(`me/claims/${claim.id}/take`, "POST"))) break;
    }
    this._parts.take.removeAttribute("aria-disabled");
    await this.refresh();
  }

  /** Ask the API; null where it gave no answer to show, which is said then. */
  async #ask(path, method = "GET") {
    try {
      const token = await (this.#token ?? tokenOfAll)?.();
      if (!token) return this._show({ signedOut: "" });
      const headers = { Authorization: `Bearer ${token}`, "Accept-Language": this._language };
      const { ok, status, said } = await this._fetch(path, { method, headers, cache: "no-store" });
      if (ok) return said;
      if (status === 401) return this._show({ signedOut: "" });
      return this._show({ problem: said.error?.message ?? this._texts.fault, again: this._texts.again });
    } catch {
      return this._show({ problem: this._texts.fault, again: this._texts.again });
    }
  }
}

export class PointsEarn extends PointsElement {
  static observedAttributes = ["api", "checkout", "variant", "quantity", "channel", "lang"];

  constructor() {
    super();
    // A cart that changes is heard, too.
    this._add("earn", "span").setAttribute("role", "status");
  }

  /** Where nothing is earned, or nobody knows, nothing is shown: the page sells all the same. */
  async _load(isCurrent) {
    const query = this.#query;
    if (!query) return this._show({});
    let answer;
    try {
      answer = await this._fetch(`earns?${query}`);
    } catch {
      answer = { ok: false, said: { error: { code: "OFFLINE" } } };
    }
    if (!isCurrent()) return;
    const { ok, said } = answer;
    this._show(ok && said.points > 0 ? { earn: this._count("earn", said.points) } : {});
    this._tell(ok ? "points-shown" : "points-refused", ok ? said : said.error);
  }

  get #query() {
    const [checkout, variant, channel] = ["checkout", "variant", "channel"].map((name) => this.getAttribute(name) ?? "");
    if (checkout) return `checkout=${encodeURIComponent(checkout)}`;
    const variants = encodeURIComponent(`${variant}:${this.getAttribute("quantity") || 1}`);
    return variant && channel ? `variants=${variants}&channel=${encodeURIComponent(channel)}` : "";
  }
}

for (const [name, element] of [["points-balance", PointsBalance], ["points-earn", PointsEarn]]) {
  if (!customElements.get(name)) customElements.define(name, element);
}
