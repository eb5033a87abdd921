// Copies a reward's code. Without this script there is no button, and the code can be marked and copied as ever.
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
