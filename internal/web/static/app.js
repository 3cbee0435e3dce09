// Keeps an open page fresh without reloading it, and five small comforts:
// relative times, enlarged screenshots, pictures under a divider, forms that are
// sent once, and dialogs in browsers without commands.
// Every page works without this file.
"use strict";
(() => {
  const $ = (id) => document.getElementById(id);

  // --- morph: make the old node like the new one, keeping nodes (and with
  // them focus, scroll, open dialogs and typed text) wherever they match.
  const keyOf = (n) => (n.nodeType === 1 && n.id) || "";
  const alike = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && keyOf(a) === keyOf(b);
  const busy = (el) => el.contains(document.activeElement) && document.activeElement !== document.body ||
    [...el.querySelectorAll("textarea,input:not([type=hidden]),select")].some((f) =>
      f.tagName === "SELECT" ? [...f.options].some((o) => o.selected !== o.defaultSelected) : f.value !== f.defaultValue);
  const held = { DIALOG: ["open"], DETAILS: ["open"], INPUT: ["checked", "value"] };
  function morph(old, now) {
    if (old.nodeType !== 1) {
      if (old.nodeValue !== now.nodeValue) old.nodeValue = now.nodeValue;
      return;
    }
    if (old.hasAttribute("data-keep") && busy(old)) return;
    if (old.dataset.slider && old.dataset.slider === now.dataset.slider) return; // its divider stays where it is
    const keep = held[old.nodeName] || [];
    for (const a of [...old.attributes]) if (!now.hasAttribute(a.name) && !keep.includes(a.name)) old.removeAttribute(a.name);
    for (const a of now.attributes) if (!keep.includes(a.name) && old.getAttribute(a.name) !== a.value) old.setAttribute(a.name, a.value);
    let at = old.firstChild;
    for (const want of [...now.childNodes]) {
      const key = keyOf(want);
      let have = at;
      if (key) { for (have = old.firstChild; have && keyOf(have) !== key; ) have = have.nextSibling; }
      else while (have && !alike(have, want)) have = have.nextSibling;
      if (have && alike(have, want)) {
        if (have !== at) old.insertBefore(have, at);
        else at = at.nextSibling;
        morph(have, want);
      } else old.insertBefore(document.importNode(want, true), at);
    }
    while (at) {
      const next = at.nextSibling;
      at.remove();
      at = next;
    }
  }

  // --- refresh: fetch this page again and take over what changed. One fetch
  // at a time, at most two a second; a change meanwhile asks for one more.
  let running = false, again = false;
  async function refresh() {
    if (running) return void (again = true);
    running = true;
    try {
      const r = await fetch(location.pathname + location.search, { headers: { "X-Postflight-Live": "1" }, cache: "no-store" });
      if (r.status === 401) return void (location.href = "/sign-in?next=" + encodeURIComponent(location.pathname));
      if (r.redirected) return void (location.href = r.url); // a run that is over has a page of its own
      if (r.ok) {
        const page = new DOMParser().parseFromString(await r.text(), "text/html");
        for (const id of ["main", "nav", "as-of"]) if ($(id) && page.getElementById(id)) morph($(id), page.getElementById(id));
        if (page.title) document.title = page.title;
        relative();
        sliders();
      }
    } catch (e) {
      state("off");
    } finally {
      setTimeout(() => {
        running = false;
        if (again) { again = false; refresh(); }
      }, 500);
    }
  }

  // --- the live stream: "changed" and nothing else. After a gap the page is
  // fetched, because what happened meanwhile was not told.
  function state(s) {
    const el = $("live-state");
    if (!el || el.dataset.state === s) return;
    el.dataset.state = s;
    el.querySelector(".live-word").textContent = { on: "Live", off: "Live updates paused", still: "Not live" }[s];
  }
  function listen(url) {
    let gap = true, wait = 1000, es; // also between the page and its first stream
    const open = () => {
      es = new EventSource(url);
      es.addEventListener("hello", () => { wait = 1000; state("on"); if (gap) { gap = false; refresh(); } });
      es.addEventListener("changed", () => { refresh(); });
      es.onerror = () => {
        gap = true;
        state("off");
        if (es.readyState === EventSource.CLOSED) { // refused: try again, more and more slowly
          setTimeout(open, wait);
          wait = Math.min(wait * 2, 30000);
        }
      };
    };
    open();
    addEventListener("pagehide", () => es.close());
    addEventListener("pageshow", (e) => { if (e.persisted) { gap = true; open(); } });
  }

  // --- relative times.
  function relative() {
    for (const el of document.querySelectorAll("[data-ago]")) {
      const at = Date.parse(el.dataset.ago || el.getAttribute("datetime"));
      const s = Math.floor((Date.now() + skew - at) / 1000);
      const w = (n) => n < 60 ? n + " s" : n < 3600 ? Math.floor(n / 60) + " min" : n < 172800 ? Math.floor(n / 3600) + " h" : Math.floor(n / 86400) + " d";
      const text = s < -1 ? "in " + w(-s) : s < 5 ? "just now" : w(s) + " ago";
      if (!isNaN(at) && el.textContent !== text) el.textContent = text;
    }
  }
  // The server's clock counts, not this machine's.
  const asOf = document.querySelector("#as-of time");
  const skew = asOf ? Date.parse(asOf.dateTime) - Date.now() : 0;
  setInterval(relative, 5000);

  // --- enlarged screenshots, with the others of the page to leaf through.
  const light = $("light");
  let shots = [], at = 0;
  function show(i) {
    at = (i + shots.length) % shots.length;
    const a = shots[at];
    $("light-img").src = a.href;
    $("light-img").alt = $("light-title").textContent = a.dataset.enlarge;
  }
  document.addEventListener("click", (e) => {
    const a = e.target.closest("[data-enlarge]");
    if (a && light.showModal && !e.ctrlKey && !e.metaKey && !e.shiftKey) {
      e.preventDefault();
      shots = [...document.querySelectorAll("[data-enlarge]")];
      show(shots.indexOf(a));
      light.showModal();
    }
    const b = e.target.closest("[commandfor]");
    if (b && !("commandForElement" in HTMLButtonElement.prototype)) $(b.getAttribute("commandfor")).showModal();
    if (e.target === light) light.close();
  });
  $("light-prev").onclick = () => show(at - 1);
  $("light-next").onclick = () => show(at + 1);
  light.addEventListener("keydown", (e) => {
    if (e.key === "ArrowLeft") show(at - 1);
    if (e.key === "ArrowRight") show(at + 1);
  });

  // --- two pictures under a divider: a range input that covers them, so that
  // pointers, fingers and arrow keys all move it.
  function sliders() {
    for (const el of document.querySelectorAll(".slider:not(.on)")) {
      const range = el.querySelector(".slider-range"), mark = el.querySelector(".slider-toggle");
      const move = () => {
        el.style.setProperty("--at", range.value + "%");
        range.setAttribute("aria-valuetext", range.value + " % before, " + (100 - range.value) + " % now");
      };
      el.classList.add("on");
      for (const hidden of el.querySelectorAll("[hidden]")) hidden.hidden = false;
      range.addEventListener("input", move);
      if (mark) mark.firstElementChild.addEventListener("change", (e) => el.classList.toggle("marked", e.target.checked));
      move();
    }
  }
  sliders();

  // --- a form is sent once, and says so while the server works.
  document.addEventListener("submit", (e) => {
    if (e.target.method !== "post") return;
    if (e.target.ariaBusy === "true") return e.preventDefault();
    e.target.ariaBusy = "true";
    if (e.submitter) e.submitter.classList.add("busy");
  });
  addEventListener("pageshow", () => document.querySelectorAll("form[aria-busy]").forEach((f) => {
    f.ariaBusy = null;
    f.querySelectorAll(".busy").forEach((b) => b.classList.remove("busy"));
  }));

  // --- a notice is the address's doing: it goes with the next refresh once
  // there was time to read it, and does not come back with a reload.
  if (location.search.includes("done=")) setTimeout(() => history.replaceState(history.state, "", location.pathname + location.hash), 10000);

  if (document.body.dataset.live && window.EventSource) listen(document.body.dataset.live);
})();
