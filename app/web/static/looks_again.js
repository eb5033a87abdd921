// The waiting page looks whether the points have come: soon at first, then less and less often, and not for ever. While nobody
// sees the page it rests. Without this script the page reloads itself instead.
"use strict";
(() => {
  const looks = document.getElementById("looks");
  const delays = looks.dataset.delays.split(" ").map((seconds) => Number(seconds) * 1000);
  const address = looks.dataset.address;
  const isWaiting = (page) => page.getElementById("looks") !== null;

  const stop = () => {
    looks.querySelector(".looking").hidden = true;
    looks.querySelector(".stopped").hidden = false;
  };

  const seen = () =>
    new Promise((resolve) => {
      const check = () => {
        if (document.visibilityState === "visible") {
          document.removeEventListener("visibilitychange", check);
          resolve();
        }
      };
      document.addEventListener("visibilitychange", check);
      check();
    });

  const look = async () => {
    const delay = delays.shift();
    if (delay === undefined) {
      stop();
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, delay));
    await seen();
    try {
      const answer = await fetch(address, { redirect: "manual", cache: "no-store" });
      const hasCome =
        answer.type === "opaqueredirect" ||
        (answer.ok && !isWaiting(new DOMParser().parseFromString(await answer.text(), "text/html")));
      if (hasCome) {
        location.replace(address);
        return;
      }
    } catch {
      // No connection: the next look will tell.
    }
    look();
  };

  look();
})();
