// What the Dashboard does for the app that it frames. `window.heard` records all that the app said, `window.dashboard` drives it.
(() => {
  const frame = document.getElementById("app");
  const told = document.getElementById("told") ? JSON.parse(document.getElementById("told").dataset.told) : {};
  const form = document.getElementById("widget");
  const appOrigin = new URL(form ? form.action : frame.dataset.src).origin;
  const mount = `/dashboard/extensions/app/${encodeURIComponent(told.appId)}`;
  window.heard = [];
  let isPathTold = false;

  const say = (type, payload) => frame.contentWindow.postMessage({ type, payload }, appOrigin);
  const where = () => location.pathname; // without its query, though the frame's first address has that (seen with 3.23.27)
  const handshake = () => {
    if (form) return; // a widget that is posted to gets none
    say("handshake", { token: told.token, version: 1, saleorVersion: "3.24.0-a.0", dashboardVersion: "v3.23.27" });
  };
  const handlers = {
    notifyReady: () => { handshake(); window.dashboard.tellAll(); },
    notification: () => {},
    updateRouting: ({ newRoute }) => history.pushState(null, "", mount + newRoute),
    widgetResize: ({ height }) => { frame.height = Math.min(height, 5000); },
    redirect: () => {},
    requestPermissions: ({ permissions, redirectPath }) => {
      const asked = new URLSearchParams({ redirectPath, requestedPermissions: permissions.join(",") });
      location.assign(`${mount}/edit/permissions?${asked}`);
    },
  };

  addEventListener("message", (event) => {
    if (event.origin !== appOrigin || !event.data || !event.data.type || !event.data.payload || !event.data.payload.actionId) return;
    const { type, payload } = event.data;
    window.heard.push(event.data);
    if (form && type !== "widgetResize") return;
    if (!Object.hasOwn(handlers, type)) return;
    handlers[type](payload);
    // The frame is gone before an answer to this one would reach it (seen with 3.23.27).
    if (!form && type !== "requestPermissions") say("response", { actionId: payload.actionId, ok: true });
  });

  window.dashboard = {
    say,
    tellAll: () => {
      say("theme", { theme: told.theme });
      say("localeChanged", { locale: told.locale });
      // Once, and not again to a frame that comes later (seen with 3.23.27).
      if (!isPathTold) say("redirect", { path: where() });
      isPathTold = true;
    },
    refresh: async () => {
      told.token = (await (await fetch("/token")).json()).token;
      say("tokenRefresh", { token: told.token });
    },
    setTheme: (theme) => { told.theme = theme; say("theme", { theme }); },
    setLocale: (locale) => { told.locale = locale; say("localeChanged", { locale }); },
  };
  // Of the browser's own Back it tells the app nothing. Its router does not know the addresses that updateRouting wrote: where
  // the address is another than the one that the router knows, it loads the frame anew, else nothing happens (seen with 3.23.27).
  let known = location.pathname;
  addEventListener("popstate", () => {
    if (location.pathname === known) return;
    known = location.pathname;
    const src = new URL(frame.dataset.src);
    src.pathname = frame.dataset.path + location.pathname.slice(mount.length);
    frame.src = src;
  });
  frame.addEventListener("load", handshake);
  if (form) form.submit();
  else frame.src = frame.dataset.src;
})();
