// <points-balance>: the points of the customer who is signed in, in a shop's own page. docs/storefront/api.md describes it.

const TEXTS = {
  en: {
    points: { one: "{n} point", other: "{n} points" },
    take: { one: "Claim {n} point", other: "Claim {n} points" },
    worth: "worth {amount}",
    taken: "Claimed",
    loading: "Loading your points",
    fault: "Your points cannot be shown right now.",
    again: "Try again",
  },
  de: {
    points: { one: "{n} Punkt", other: "{n} Punkte" },
    take: { one: "{n} Punkt abholen", other: "{n} Punkte abholen" },
    worth: "entspricht {amount}",
    taken: "Abgeholt",
    loading: "Ihre Punkte werden geladen",
    fault: "Ihre Punkte können gerade nicht angezeigt werden.",
    again: "Noch einmal versuchen",
  },
  fr: {
    points: { one: "{n} point", many: "{n} points", other: "{n} points" },
    take: { one: "Récupérer {n} point", many: "Récupérer {n} points", other: "Récupérer {n} points" },
    worth: "soit {amount}",
    taken: "Récupérés",
    loading: "Chargement de vos points",
    fault: "Vos points ne peuvent pas être affichés pour le moment.",
    again: "Réessayer",
  },
  es: {
    points: { one: "{n} punto", many: "{n} puntos", other: "{n} puntos" },
    take: { one: "Obtener {n} punto", many: "Obtener {n} puntos", other: "Obtener {n} puntos" },
    worth: "equivalen a {amount}",
    taken: "Obtenidos",
    loading: "Cargando tus puntos",
    fault: "Tus puntos no se pueden mostrar en este momento.",
    again: "Intentar de nuevo",
  },
  pl: {
    points: { one: "{n} punkt", few: "{n} punkty", many: "{n} punktów", other: "{n} punktu" },
    take: { one: "Odbierz {n} punkt", few: "Odbierz {n} punkty", many: "Odbierz {n} punktów", other: "Odbierz {n} punktu" },
    worth: "o wartości {amount}",
    taken: "Odebrano",
    loading: "Wczytujemy Twoje punkty",
    fault: "Nie możemy teraz pokazać Twoich punktów.",
    again: "Spróbuj ponownie",
  },
};

const STYLE = `
:host { display: inline-flex; flex-wrap: wrap; align-items: center; gap: var(--points-gap, .25em .5em); color: var(--points-color, inherit); font: inherit; }
:host([hidden]), [hidden] { display: none; }
[part~="points"] { font-weight: var(--points-weight, 600); }
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

export class PointsBalance extends HTMLElement {
  static observedAttributes = ["api", "channel", "lang"];
  #token = null;
  #asked = 0;
  #parts = {};

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];
    const add = (name, tag) => {
      const part = document.createElement(tag);
      part.setAttribute("part", name);
      part.hidden = true;
      root.append(part);
      this.#parts[name] = part;
    };
    for (const name of ["points", "worth", "problem"]) add(name, "span");
    add("take", "button");
    add("link", "a");
    add("again", "button");
    const signedOut = document.createElement("slot");
    signedOut.name = "signed-out";
    signedOut.hidden = true;
    root.append(signedOut);
    this.#parts.signedOut = signedOut;
    this.#parts.take.addEventListener("click", () => this.#take());
    this.#parts.again.addEventListener("click", () => this.refresh());
    this.#parts.problem.setAttribute("role", "status");
  }

  /** Name what gives the token for this element alone. */
  set token(giveToken) {
    this.#token = giveToken;
    this.refresh();
  }

  connectedCallback() {
    this.refresh();
  }

  attributeChangedCallback(_name, before, now) {
    if (before !== now) this.refresh();
  }

  /** Ask anew, such as after the customer signed in or paid. */
  async refresh() {
    const asked = ++this.#asked;
    // Several changes in one turn of the page are one question.
    await Promise.resolve();
    if (asked !== this.#asked || !this.isConnected || !this.getAttribute("api")) return;
    this.#show({ problem: this.#texts.loading });
    const channel = this.getAttribute("channel");
    const wallet = await this.#ask(`me${channel ? `?channel=${encodeURIComponent(channel)}` : ""}`);
    if (asked !== this.#asked || !wallet) return;
    const claims = wallet.claimable > 0 ? ((await this.#ask("me/claims"))?.claims ?? []) : [];
    if (asked === this.#asked) this.#showWallet(wallet, claims);
  }

  #showWallet(wallet, claims) {
    const shown = { points: this.#count("points", wallet.points) };
    if (wallet.worth && Number(wallet.worth.amount) > 0) {
      const { amount, currency } = wallet.worth;
      // A text, so that no digit is lost.
      const money = new Intl.NumberFormat(this.#language, { style: "currency", currency }).format(amount);
      shown.worth = this.#texts.worth.replace("{amount}", money);
    }
    this.claims = claims.filter((claim) => claim.canBeTaken);
    const waiting = this.claims.reduce((sum, claim) => sum + claim.points, 0);
    const elsewhere = claims.find((claim) => !claim.canBeTaken && claim.link);
    if (waiting > 0) shown.take = this.#count("take", waiting);
    else if (elsewhere) {
      shown.link = this.#count("take", elsewhere.points);
      this.#parts.link.href = elsewhere.link;
    }
    this.#show(shown);
    this.dispatchEvent(new CustomEvent("points-shown", { detail: wallet, bubbles: true, composed: true }));
  }

  async #take() {
    if (this.#parts.take.getAttribute("aria-disabled") === "true") return;
    this.#parts.take.setAttribute("aria-disabled", "true");
    for (const claim of this.claims ?? []) {
      if (!(await this.#ask(`me/claims/${claim.id}/take`, "POST"))) break;
    }
    this.#parts.take.removeAttribute("aria-disabled");
    await this.refresh();
  }

  /** Ask the API; null where it gave no answer to show, which is said then. */
  async #ask(path, method = "GET") {
    try {
      const token = await (this.#token ?? tokenOfAll)?.();
      if (!token) return this.#show({ signedOut: "" });
      const answer = await fetch(`${this.getAttribute("api").replace(/\/+$/, "")}/${path}`, {
        method,
        headers: { Authorization: `Bearer ${token}`, "Accept-Language": this.#language },
        credentials: "omit",
        cache: "no-store",
      });
      const said = await answer.json();
      if (answer.ok) return said;
      if (answer.status === 401) return this.#show({ signedOut: "" });
      return this.#show({ problem: said.error?.message ?? this.#texts.fault, again: this.#texts.again });
    } catch {
      return this.#show({ problem: this.#texts.fault, again: this.#texts.again });
    }
  }

  /** Show these parts, and no other. */
  #show(texts) {
    for (const [name, part] of Object.entries(this.#parts)) {
      part.hidden = !(name in texts);
      // Always as text: nothing that anybody wrote becomes a part of the page.
      if (name !== "signedOut") part.textContent = texts[name] ?? "";
    }
    return null;
  }

  #count(name, number) {
    const form = this.#texts[name][new Intl.PluralRules(this.#language).select(number)] ?? this.#texts[name].other;
    return form.replace("{n}", new Intl.NumberFormat(this.#language).format(number));
  }

  get #language() {
    const named = this.closest("[lang]")?.lang || navigator.language || "en";
    return named.split("-")[0] in TEXTS ? named : "en";
  }

  get #texts() {
    return TEXTS[this.#language.split("-")[0]];
  }
}

if (!customElements.get("points-balance")) customElements.define("points-balance", PointsBalance);
