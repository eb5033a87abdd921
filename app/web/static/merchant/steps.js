// Where the browser's Back and Forward lead, and what tells this page of it.
//
// The Dashboard writes an entry of the browser's history for each page that it is told of, and tells nobody when the browser goes
// to another entry. Its router does not know those entries: it loads the app's frame anew, and that load would be an entry of
// its own (seen with 3.23.27).
(() => {
  "use strict";

  const LOAD_MILLISECONDS = 5000; // the Dashboard begins its load right after the browser went to another entry

  // One press for each page, and the Dashboard's address agrees. An empty frame takes part in the history: with each page its
  // address is replaced, which Chromium keeps for the newest entry alone. When the browser goes to another entry, the empty frame
  // gets the address that it had there, and that names the page. The app then shows it by itself, and ends the Dashboard's load
  // by asking for an address that is answered with 204.
  function byEmptyFrame(place, go) {
    const own = crypto.getRandomValues(new Uint32Array(1))[0]; // the history may have steps of an earlier frame, too
    const places = [place];
    const empty = document.createElement("iframe");
    let current = 0;
    let turned = -Infinity; // when the browser went to another entry, until the load that follows was ended
    let isLeaving = false; // whether a load into this frame has begun
    let isEnding = false;

    empty.hidden = true;
    empty.title = "Steps of the browser's history";
    document.body.append(empty);
    empty.addEventListener("load", look);
    mark();

    addEventListener("beforeunload", () => {
      if (isEnding) return;
      isLeaving = true;
      if (performance.now() - turned < LOAD_MILLISECONDS) endLoad();
    });

    function mark() { empty.contentWindow.location.replace(`about:blank?${own}-${current}`); }

    function look() {
      const [owner, step] = empty.contentWindow.location.search.slice(1).split("-").map(Number);
      if (owner !== own || step === current || !(step in places)) return;
      current = step;
      turned = performance.now();
      if (isLeaving) endLoad();
      go(places[current]);
    }

    // The load begins after `beforeunload` was told, and ends once this frame asks for something else.
    function endLoad() {
      turned = -Infinity;
      isLeaving = false;
      setTimeout(() => {
        isEnding = true;
        location.replace("/app/stay");
        isEnding = false;
      });
    }

    return {
      place,
      movesAddress: true,
      add(next) {
        current += 1;
        places.splice(current, places.length, next);
        mark();
      },
      rename(next) { places[current] = next; },
    };
  }

  // Two presses or three: each page is an entry of this frame, too, after the Dashboard's own. Back leads to the page before, and
  // once more to its address. Where the Dashboard loads the frame anew, going back over that loads an old frame, which goes on
  // where it was.
  function byOwnEntries(place, go) {
    const left = history.state !== null && typeof history.state.here === "string" ? history.state.here : place;
    history.replaceState({ here: left }, "");
    addEventListener("popstate", ({ state }) => { if (state !== null) go(state.here); });
    return {
      place: left,
      movesAddress: false,
      add(next) { history.pushState({ here: next }, ""); },
      rename(next) { history.replaceState({ here: next }, ""); },
    };
  }

  // In Chromium, a frame of another site hears of the step before the Dashboard can begin its load. On one site it may hear too
  // late. Other browsers have one address of the empty frame for all entries.
  function hearsInTime() {
    const [above] = location.ancestorOrigins || [];
    return /Chrome\//.test(navigator.userAgent) && above !== undefined && siteOf(new URL(above).hostname) !== siteOf(location.hostname);
  }

  // Two names that end alike count as one site. That holds for "co.uk", too, which does no harm.
  function siteOf(hostname) { return hostname.split(".").slice(-2).join("."); }

  // `place` is the page that the frame was loaded for. `go` is called with the page that the browser went to. Of what it gives:
  // place         the page to begin with
  // movesAddress  whether the Dashboard's address has changed when `go` is called
  // add           to be called with a page once the Dashboard has written its entry
  // rename        to be called when the page of the present entry has another name
  window.pointsSteps = (place, go) => (hearsInTime() ? byEmptyFrame(place, go) : byOwnEntries(place, go));
})();
