// A storefront's side of paying with points. All calls go to Saleor's own API, with the token of the signed-in customer.
(() => {
  "use strict";

  const WHAT_CAN_POINTS_PAY = `mutation WhatCanPointsPay($checkout: ID!, $gateway: String!) {
    paymentGatewayInitialize(id: $checkout, paymentGateways: [{ id: $gateway }]) {
      gatewayConfigs { data errors { message } }
      errors { message }
    }
  }`;
  const PAY_WITH_POINTS = `mutation PayWithPoints($checkout: ID!, $amount: PositiveDecimal, $key: String!, $gateway: String!) {
    transactionInitialize(id: $checkout, amount: $amount, idempotencyKey: $key, paymentGateway: { id: $gateway }) {
      transaction { id }
      transactionEvent { type message amount { amount currency } }
      data
      errors { message }
    }
  }`;
  const WHAT_IS_LEFT = `query WhatIsLeft($checkout: ID!) {
    checkout(id: $checkout) { totalPrice { gross { amount currency } } totalBalance { amount currency } chargeStatus }
  }`;
  const COMPLETE = `mutation Complete($checkout: ID!) {
    checkoutComplete(id: $checkout) { order { id number } errors { message } }
  }`;

  const shop = { email: "", token: "", gateway: document.querySelector("main").dataset.gateway, prices: [], checkout: "", key: "", transaction: "" };
  const byId = (id) => document.getElementById(id);
  const say = (id, text) => { byId(id).textContent = text; };

  // What is being asked for now. Screen readers wait with what they read until it is there.
  let waiting = 0;
  const isBusy = (change) => {
    waiting += change;
    document.querySelector("main").setAttribute("aria-busy", String(waiting > 0));
  };

  async function post(path, body, headers = {}) {
    isBusy(1);
    try {
      const answer = await fetch(path, {
        method: "POST",
        headers: { "Content-Type": "application/json", ...headers },
        body: JSON.stringify(body),
      });
      return await answer.json();
    } finally {
      isBusy(-1);
    }
  }

  async function saleor(query, variables) {
    const headers = shop.token ? { Authorization: `Bearer ${shop.token}` } : {};
    const { data, errors } = await post("/graphql/", { query, variables }, headers);
    if (!data) throw new Error(errors.map((one) => one.message).join(" "));
    return data;
  }

  async function showWhatPointsPay() {
    if (!shop.checkout) return;
    const told = await saleor(WHAT_CAN_POINTS_PAY, { checkout: shop.checkout, gateway: shop.gateway });
    const config = told.paymentGatewayInitialize.gatewayConfigs[0];
    if (!config || !config.data) return say("points", "Points cannot be used here.");
    const { points, worth, greatest, whyNot, currency } = config.data;
    const has = points === null ? "" : `You have ${points} points, worth ${worth} ${currency}. `;
    say("points", has + (greatest ? `You can use up to ${greatest.amount} ${currency} here.` : whyNot.message));
    byId("amount").value = greatest ? greatest.amount : "";
  }

  async function showWhatIsLeft() {
    if (!shop.checkout) return;
    const { checkout } = await saleor(WHAT_IS_LEFT, { checkout: shop.checkout });
    // A payment lowers no price: what is left is totalBalance, never totalPrice.
    const left = Math.max(0, -checkout.totalBalance.amount).toFixed(2);
    say("cart", `Total ${checkout.totalPrice.gross.amount.toFixed(2)} ${checkout.totalPrice.gross.currency}, with 5.00 for shipping.`);
    say("left", `Left to pay: ${left} ${checkout.totalBalance.currency}`);
  }

  async function show() {
    await showWhatPointsPay();
    await showWhatIsLeft();
  }

  async function usePoints() {
    // The same key asks for the same payment again, if an answer is lost. A payment that was answered is done with.
    shop.key = shop.key || crypto.randomUUID();
    const asked = { checkout: shop.checkout, amount: byId("amount").value || null, key: shop.key, gateway: shop.gateway };
    const { transactionInitialize: told } = await saleor(PAY_WITH_POINTS, asked);
    if (told.errors.length) return say("used", told.errors[0].message);
    const { type, amount, message } = told.transactionEvent;
    shop.key = "";
    if (type !== "CHARGE_SUCCESS") {
      say("used", message);
    } else {
      shop.transaction = told.transaction.id;
      say("used", `${told.data.points} points pay ${amount.amount.toFixed(2)} ${amount.currency}.`);
    }
    await show();
  }

  // Only the shop's server may undo a payment.
  async function giveBack(amount, place) {
    const told = await post("/shop/refund", { transaction: shop.transaction, amount });
    say(place, told.error || "The points are on their way back.");
  }

  async function placeOrder() {
    const { checkoutComplete: told } = await saleor(COMPLETE, { checkout: shop.checkout });
    if (told.errors.length) return say("order", told.errors[0].message);
    say("order", `Order #${told.order.number} is placed.`);
    shop.checkout = "";
  }

  const onSubmit = (id, act) => byId(id).addEventListener("submit", (event) => { event.preventDefault(); act(); });
  const onClick = (id, act) => byId(id).addEventListener("click", act);

  onSubmit("sign-in", async () => {
    const email = byId("email").value;
    Object.assign(shop, await post("/shop/sign-in", { email }), { email, checkout: "", prices: [], transaction: "" });
    say("who", `You are ${email}.`);
  });
  for (const button of document.querySelectorAll("[data-price]")) {
    button.addEventListener("click", async () => {
      shop.prices.push(button.dataset.price);
      const wanted = { checkout: shop.checkout, prices: shop.prices, email: shop.email || null };
      Object.assign(shop, await post("/shop/cart", wanted));
      await show();
    });
  }
  onSubmit("use-points", usePoints);
  onClick("take-out", async () => { await giveBack(null, "used"); await show(); });
  onClick("card", async () => { await post("/shop/card", { checkout: shop.checkout }); await show(); });
  onClick("complete", placeOrder);
  onSubmit("refund", () => giveBack(byId("back").value, "refunded"));
})();
