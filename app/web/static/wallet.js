// Copies a reward's code, and follows one that is on its way. Without this script the code can be marked and copied as ever, and
// a link looks again.
"use strict";
(() => {
  const button = document.getElementById("copy");
  if (button === null || !navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(button.dataset.code);
      document.getElementById("copied").textContent = button.dataset.done;
      button.textContent = button.dataset.done;
    } catch {
      // The browser does not allow it: the code stands there to be marked.
      button.hidden = true;
    }
  });
})();
(() => {
  const waiting = document.querySelector("[data-stage]");
  if (waiting === null) return;
  // How long to wait before the next look stands on the page, so that it can be seen.
  const wait = (seconds) => {
    waiting.dataset.seconds = seconds;
    setTimeout(look, seconds * 1000);
  };
  const look = async () => {
    let seconds = Number(waiting.dataset.seconds);
    if (!document.hidden) {
      const answer = await fetch(location.href).catch(() => null);
      if (answer !== null && answer.ok) {
        const seen = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-stage]");
        // Nothing moves on the page until there is something new.
        if (seen === null || seen.dataset.stage !== waiting.dataset.stage) {
          location.reload();
          return;
        }
      }
      // An address has so many requests a minute, and many customers may share it.
      seconds = Math.min(Math.ceil(seconds * 1.5), 60);
    }
    wait(seconds);
  };
  wait(Number(waiting.dataset.seconds));
})();
