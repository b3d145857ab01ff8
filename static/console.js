/* The trainer's hour: asks every second or two whether anything is new, and puts it in place line by
   line. What is being typed, or was pressed and not sent, is never touched; the focus stays. Marks and
   notes go by way of unsent.js. Without this script the page reloads itself, and forms are forms. */
"use strict";
(() => {
  const page = document.getElementById("console");
  const words = page.dataset;
  const old = document.getElementById("old-list");
  const PATIENCE = 8000;
  const HIDDEN = 30; // seconds, while nobody looks
  const PAUSES = [2, 4, 8, 15];
  const live = () => document.getElementById("live");
  const line = (id) => document.getElementById(`line-${id}`);
  let freshAt = Date.now();
  let misses = 0;
  let asked = 0;
  let timer = 0;
  let isPressed = false;
  addEventListener("pointerdown", () => { isPressed = true; });
  for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => { isPressed = false; });

  /* ---- what is new */
  const look = async () => {
    clearTimeout(timer);
    const mine = ++asked;
    const ending = new AbortController();
    const alarm = setTimeout(() => ending.abort(), PATIENCE);
    try {
      const answer = await fetch(words.lines, {
        headers: { "If-None-Match": `"${live().dataset.stamp}"` }, cache: "no-store", redirect: "manual", signal: ending.signal,
      });
      if (answer.type === "opaqueredirect") return signedOut();
      if (answer.status !== 304) {
        if (!answer.ok) throw new Error(String(answer.status));
        const then = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("live");
        if (mine === asked && !isPressed) refresh(then); // nothing moves under a finger: it is asked again
      }
      [freshAt, misses, old.hidden] = [Date.now(), 0, true];
    } catch {
      misses += 1;
      const time = new Date(freshAt).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZone: words.zone || undefined });
      [old.textContent, old.hidden] = [words.old.replace("{time}", time), false];
    } finally {
      clearTimeout(alarm);
      next();
    }
  };
  const next = () => {
    clearTimeout(timer);
    const every = Number(live().dataset.every);
    const pause = misses ? PAUSES[Math.min(misses, PAUSES.length) - 1] : document.hidden ? HIDDEN : every;
    if (every) timer = setTimeout(look, 1000 * pause);
  };
  const signedOut = () => { [old.textContent, old.hidden, misses] = [words.signedOut, false, PAUSES.length]; };

  const plain = (node) => node.innerHTML.replace(/(name="csrf_token" value=")[^"]*/g, "$1");
  const refresh = (then) => {
    const focused = live().contains(document.activeElement) ? document.activeElement : null;
    unpaint();
    put(then);
    paint();
    if (focused && document.activeElement !== focused) document.getElementById(focused.id)?.focus({ preventScroll: true });
  };
  const swap = (now, then) => { if (plain(now) !== plain(then)) now.replaceChildren(...then.childNodes); };
  const isBusy = (row) => row.querySelector(".box") !== null;
  const put = (then) => {
    const body = live().querySelector("tbody");
    const rows = [...then.querySelectorAll("[data-line]")];
    if (body && rows.length) {
      for (const part of ["#live-head", "caption"]) swap(live().querySelector(part), then.querySelector(part));
      for (const row of rows) putLine(row, body);
      for (const row of [...body.children]) if (!then.querySelector(`#${row.id}`) && !isBusy(row)) row.remove();
      if (![...body.children].some(isBusy)) arrange(body, rows.map((row) => line(row.dataset.line)));
    } else if (!live().querySelector(".box")) {
      live().replaceChildren(...then.childNodes);
    }
    live().dataset.stamp = then.dataset.stamp;
    live().dataset.every = then.dataset.every || "";
  };
  const putLine = (then, body) => {
    const now = line(then.dataset.line);
    if (!now) return body.append(then.cloneNode(true));
    now.className = then.className;
    for (const part of then.querySelectorAll("[data-part]")) swap(now.querySelector(`[data-part=${part.dataset.part}]`), part);
  };
  const arrange = (body, rows) => {
    if ([...body.children].some((row, place) => row !== rows[place])) body.append(...rows);
  };

  /* ---- what was pressed here, over what the platform says */
  const cells = () => [...live().querySelectorAll("td.do")];
  const paint = () => { for (const cell of cells()) for (const entry of Unsent.of(Boxes.line(cell))) show(cell, entry); };
  const unpaint = () => {
    for (const one of live().querySelectorAll(".unsent")) one.remove();
    for (const button of live().querySelectorAll(".marks [data-was]")) {
      button.setAttribute("aria-pressed", button.dataset.was);
      button.removeAttribute("data-was");
    }
  };
  const show = (cell, entry) => {
    const buttons = [...cell.querySelectorAll(".marks [aria-pressed]")];
    const chosen = buttons.find((button) => button.value === entry.fields.status);
    const what = "note" in entry.fields ? `${words.note}: ${entry.fields.note}` : chosen?.textContent || words.undo;
    if (!entry.refused && "status" in entry.fields) {
      for (const button of buttons) {
        button.dataset.was ??= button.getAttribute("aria-pressed");
        button.setAttribute("aria-pressed", String(button === chosen));
      }
    }
    say(cell, entry.refused ? `${what}: ${entry.refused}` : words.unsent.replace("{what}", what), "unsent");
    if (entry.asks) Boxes.ask(cell, entry);
  };
  const say = (cell, sentence, kind) => {
    const said = Object.assign(document.createElement("p"), { className: `${kind} note wait`, textContent: sentence });
    said.setAttribute("role", "status");
    cell.append(said);
  };

  /* ---- pressing */
  const once = async (cell, form) => {
    const answer = await Unsent.post(form.getAttribute("action"), {});
    say(cell, answer?.said || words.noNet, "said");
    look();
  };
  document.addEventListener("submit", (event) => {
    const { target: form, submitter } = event;
    const cell = form.closest("td.do");
    if (!cell || form.matches(".box")) return;
    for (const said of cell.querySelectorAll(".said")) said.remove();
    if (form.matches("[data-net]") && navigator.onLine !== false) return;
    event.preventDefault();
    if (form.matches("[data-net]")) say(cell, words.noNet, "said");
    else if (form.matches("[data-once]")) once(cell, form);
    else Unsent.add(Boxes.line(cell), form.getAttribute("action"), { status: submitter.value, seen: form.elements.seen.value });
  });

  document.addEventListener("click", (event) => {
    const link = event.target.closest("main a[href]:not([data-note])");
    if (!link || navigator.onLine !== false) return;
    event.preventDefault(); // the browser's error page would take the list away
    const cell = link.closest("td.do");
    for (const said of cell?.querySelectorAll(".said") || []) said.remove();
    if (cell) say(cell, words.noNet, "said");
    else [old.textContent, old.hidden] = [words.noNet, false];
  });

  Unsent.listen(async (isSent) => {
    if (isSent) await look(); // first what the platform says now, then what is still to be sent
    unpaint();
    paint();
  });
  page.addEventListener("signed-out", signedOut);
  addEventListener("online", look);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
  Boxes.reopen(cells());
  paint();
  next();
})();
