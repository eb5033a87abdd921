// Replace what a page shows without disturbing whoever works on it: a part in which something is being filled in stays as it is,
// and focus, scrolling and what was opened stay where they were.
//
//     quietUpdate(main, html, isChanged)   gives whether all of the page is new; `isChanged` tells of a form
const quietUpdate = (() => {
  "use strict";

  // A form's token is another each time; it says nothing to a reader.
  const read = (html) => html.replace(/value="[0-9a-f]{32}"/g, "");
  const shown = new WeakMap(); // what each element was last given

  function update(main, html, isChanged) {
    if (isBeingSelected(main)) return false;
    const kept = [...main.children].filter((part) => isWorkedOn(part, isChanged));
    if (kept.length === 0 && shown.get(main) === read(html)) return true;
    const focused = main.contains(document.activeElement) ? document.activeElement : null;
    const opened = [...main.querySelectorAll("details[open]:not(.confirm) > summary")].map((one) => one.textContent);
    const place = scrollY;
    merge(main, new DOMParser().parseFromString(html, "text/html").body, kept);
    for (const one of main.querySelectorAll("details > summary")) if (opened.includes(one.textContent)) one.parentElement.open = true;
    if (focused !== null && !focused.isConnected) focusAgain(main, focused);
    scrollTo(0, place);
    if (kept.length === 0) shown.set(main, read(html));
    return kept.length === 0;
  }

  // The parts that are kept do not move: to take an element out of the page and put it back would lose what is being typed.
  function merge(main, fresh, kept) {
    for (const part of [...main.childNodes]) if (!kept.includes(part)) part.remove();
    let last = null;
    for (const part of [...fresh.children]) {
      const twin = kept.find((one) => title(one) === title(part));
      if (twin === undefined) last === null ? main.prepend(part) : last.after(part);
      last = twin || part;
    }
  }

  function isWorkedOn(part, isChanged) {
    const forms = [...part.querySelectorAll("form")];
    return part.querySelector("details.confirm[open]") !== null
      || forms.some((form) => form.getAttribute("aria-busy") === "true" || isChanged(form))
      || (part.contains(document.activeElement) && document.activeElement.matches("input, select, textarea"));
  }

  function isBeingSelected(main) {
    const selection = getSelection();
    return !selection.isCollapsed && main.contains(selection.anchorNode);
  }

  function title(part) {
    const heading = part.querySelector("h1, h2");
    return heading === null ? part.outerHTML : heading.textContent;
  }

  function focusAgain(main, was) {
    const isIt = (one) => one.textContent === was.textContent && one.getAttribute("name") === was.getAttribute("name");
    const part = [...main.querySelectorAll(was.tagName)].find(isIt) || main.querySelector("h1");
    if (part === null) return;
    if (part.tabIndex < 0) part.tabIndex = -1;
    part.focus({ preventScroll: true });
  }

  return update;
})();
