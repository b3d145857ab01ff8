/* Answers that wait on this phone since the network was away: kept until the platform has them, and
   sent from whatever page of hers is opened next. `answer.js` keeps those of its own sitting here. */
"use strict";
const Waiting = (() => {
  const ROOM = "waiting/"; // waiting/<sitting>/<key of the press>
  const PATIENCE = 8000;
  const PAUSES = [2, 5, 10, 20, 40, 60]; // seconds
  const NEVER = [404, 409, 410, 422];

  const store = (() => {
    try {
      localStorage.setItem("waiting", "");
      localStorage.removeItem("waiting");
      return localStorage;
    } catch { return null; }
  })();

  const names = (of = "") => Object.keys(store || {}).filter((name) => name.startsWith(ROOM + of));
  const sittings = () => [...new Set(names().map((name) => name.split("/")[1]))];
  const entries = (sitting) => names(`${sitting}/`).map((name) => JSON.parse(store.getItem(name)))
    .filter(Boolean).sort((a, b) => a.n - b.n);
  const keep = (sitting, entry) => {
    try { store.setItem(`${ROOM}${sitting}/${entry.key}`, JSON.stringify(entry)); return true; } catch { return false; }
  };
  const drop = (sitting, entry) => store?.removeItem(`${ROOM}${sitting}/${entry.key}`);

  /* The answer of the platform to one press; nothing where it is away. */
  const post = async (to, ticket, entry, when) => {
    if (navigator.onLine === false) return null;
    const body = new URLSearchParams({ ticket, read: entry.read, question: entry.question, client_key: entry.key, ...when });
    const isButton = isNaN(entry.value);
    body.set(isButton ? entry.value : "answer", isButton ? "1" : entry.value);
    const ending = new AbortController();
    const alarm = setTimeout(() => ending.abort(), PATIENCE);
    try {
      return await fetch(to, {
        method: "POST", body, headers: { Accept: "application/json" }, redirect: "manual", signal: ending.signal,
      });
    } catch {
      return null;
    } finally {
      clearTimeout(alarm);
    }
  };
  const isTaken = (answer) => answer?.status === 200;
  const isRefused = (answer) => NEVER.includes(answer?.status);
  const isStranger = (answer) => [400, 401].includes(answer?.status);

  /* ---- on a page that is not about these questions */
  const place = document.getElementById("waiting");
  const here = document.getElementById("asked")?.dataset.sitting;
  let tries = 0;
  let timer = 0;
  let running = null;

  const say = (words) => {
    if (!words || [...place.children].some((one) => one.textContent === words)) return;
    place.append(Object.assign(document.createElement("p"), { className: "note", textContent: words }));
  };
  const help = (markup) => {
    const section = new DOMParser().parseFromString(markup || "", "text/html").querySelector("section");
    if (!section || document.getElementById("not-alone")) return;
    place.after(section);
    section.scrollIntoView({ block: "start" });
    section.querySelector("h2").focus({ preventScroll: true });
  };

  /* Oldest first; false where the platform is away. Of somebody else nothing is sent, nor lost. */
  const sendOf = async (sitting) => {
    for (const entry of entries(sitting)) {
      const when = { age: Math.round(Date.now() - entry.at), awake: 0, given: entry.given };
      const answer = await post(`/questions/${sitting}/late`, entry.read, entry, when);
      if (isStranger(answer)) return true;
      if (!isTaken(answer) && !isRefused(answer)) return false;
      drop(sitting, entry);
      const told = await answer.json().catch(() => ({}));
      say(told.said);
      help(told.help);
    }
    return true;
  };
  const sendAll = async () => {
    for (const sitting of sittings()) {
      if (sitting === here || await sendOf(sitting)) continue;
      timer = setTimeout(send, 1000 * PAUSES[Math.min(tries++, PAUSES.length - 1)]);
      return;
    }
    tries = 0;
  };
  const send = () => {
    clearTimeout(timer);
    running ??= sendAll().finally(() => { running = null; });
    return running;
  };

  /* Her link, after the last day: only where something still waits is the year of birth asked. */
  const ask = () => {
    const kept = document.getElementById("kept");
    if (kept) kept.hidden = !entries(kept.dataset.sitting).length;
  };

  addEventListener("online", () => { tries = 0; if (place) send(); });
  addEventListener("pageshow", async () => { if (place) await send(); ask(); });
  return { PAUSES, store, entries, keep, drop, post, isTaken, isRefused, isStranger };
})();
