/* What a trainer pressed and the platform does not have yet: kept on this device, sent in order, with
   a key each, so that nothing is doubled and nothing is lost. Marks (ids and a code, no name) outlive
   the page; what she typed stays in this tab. Another trainer on this device sends none of it. */
"use strict";
const Unsent = (() => {
  const page = document.getElementById("console");
  const ROOM = `unsent/${page.dataset.me}/`;
  const PATIENCE = 8000;
  const PAUSES = [2, 4, 8, 15]; // seconds
  const held = new Map();
  const told = new Set();
  let tries = 0;
  let timer = 0;
  let running = null;

  const stores = ["localStorage", "sessionStorage"].map((name) => {
    try {
      window[name].setItem("unsent", "");
      window[name].removeItem("unsent");
      return window[name];
    } catch { return null; }
  });
  for (const store of stores) {
    for (const name of Object.keys(store || {}).filter((one) => one.startsWith(ROOM))) {
      const entry = JSON.parse(store.getItem(name));
      held.set(entry.key, entry);
    }
  }

  const all = () => [...held.values()].sort((a, b) => a.at - b.at);
  const of = (line) => all().filter((entry) => entry.line === line);
  const keep = (entry) => {
    held.set(entry.key, entry);
    const isTyped = entry.fields.reason || entry.fields.note;
    try { stores[isTyped ? 1 : 0]?.setItem(ROOM + entry.key, JSON.stringify(entry)); } catch { /* it is held */ }
  };
  const forget = (key) => {
    held.delete(key);
    for (const store of stores) store?.removeItem(ROOM + key);
  };
  const tell = (isSent) => { for (const listener of told) listener(isSent); };

  const token = () => document.querySelector("[name=csrf_token]").value;
  /* The answer to one press; nothing where the platform is away. */
  const post = async (to, fields) => {
    if (navigator.onLine === false) return null;
    const body = new URLSearchParams({ ...fields, csrf_token: token() });
    const ending = new AbortController();
    const alarm = setTimeout(() => ending.abort(), PATIENCE);
    try {
      const answer = await fetch(to, {
        method: "POST", body, headers: { Accept: "application/json" }, redirect: "manual", signal: ending.signal,
      });
      const { said } = await answer.json().catch(() => ({}));
      return { status: answer.status, said };
    } catch {
      return null;
    } finally {
      clearTimeout(alarm);
    }
  };

  const sendAll = async () => {
    for (const entry of all().filter((one) => !one.refused)) {
      const answer = await post(entry.to, { ...entry.fields, key: entry.key });
      if (answer?.status === 200) {
        forget(entry.key);
      } else if ([404, 409, 410, 422].includes(answer?.status)) {
        keep({ ...entry, refused: answer.said || String(answer.status), asks: answer.status === 422 });
      } else {
        if ([400, 401, 403].includes(answer?.status)) page.dispatchEvent(new Event("signed-out"));
        timer = setTimeout(send, 1000 * PAUSES[Math.min(tries++, PAUSES.length - 1)]);
        return;
      }
      tries = 0;
      tell(true);
    }
  };
  const send = () => {
    clearTimeout(timer);
    running ??= sendAll().finally(() => { running = null; });
    return running;
  };

  /* One press more. What was refused before of the same kind is answered by it. */
  const add = (line, to, fields) => {
    for (const old of of(line)) if (old.refused && old.to === to) forget(old.key);
    const key = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    keep({ key, line, to, fields, at: Math.max(Date.now(), 1 + (all().at(-1)?.at || 0)) });
    tell(false);
    if (running) running.then(send); else send();
  };

  addEventListener("online", () => { tries = 0; send(); });
  addEventListener("pageshow", send);
  const drop = (key) => { forget(key); tell(false); };
  return { of, add, drop, post, listen: (listener) => told.add(listener) };
})();
