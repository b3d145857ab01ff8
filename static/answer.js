/* Questions: each answer is kept on this phone until the server has it, and sent in the order in
   which it was given. While there is no network she goes on with the next question. What is kept
   here is the code of the question, the answer, a key, the time and the sealed ticket of the page
   that asked (the words that she read); it goes when it has arrived.
   Without this script each page is sent by its form. */
"use strict";
(() => {
  const asked = document.getElementById("asked");
  if (!asked) return;
  const said = document.getElementById("said");
  const sheet = new Map();
  const extra = { help: document.getElementById("help")?.content.querySelector("section") };
  let pressed = null;
  let isBusy = false;
  let isStuck = false;
  let tries = 0;
  let timer = 0;
  let running = null;
  let last = null;

  /* ---- what waits on this phone */
  const waiting = () => Waiting.entries(asked.dataset.sitting);
  const keep = (entry) => Waiting.keep(asked.dataset.sitting, entry);
  const drop = (entry) => Waiting.drop(asked.dataset.sitting, entry);
  const newKey = () => "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (c) =>
    (c ^ crypto.getRandomValues(new Uint8Array(1))[0] & 15 >> c / 4).toString(16));

  /* The platform's time, since it was last heard: counted on by the clock that nobody sets. */
  let heard = { at: +asked.dataset.now, tick: performance.getEntriesByType("navigation")[0]?.responseStart || performance.now() };
  const ourTime = () => Math.floor(heard.at + performance.now() - heard.tick);

  /* When it was pressed, by three clocks of which each may be wrong: the platform weighs them.
     Of two presses on one question the later must not arrive as the earlier on a slow line. */
  const when = (entry) => {
    const isClose = last && last.question === entry.question && last.at + last.took > entry.at;
    const most = isClose ? performance.now() - last.ended : Infinity;
    const awake = entry.page === performance.timeOrigin ? performance.now() - entry.tick : 0;
    return {
      age: Math.round(Math.min(most, Date.now() - entry.at)), awake: Math.round(Math.min(most, awake)), given: entry.given,
    };
  };

  const send = async (entry) => {
    const began = performance.now();
    const answer = await Waiting.post(asked.dataset.to, asked.dataset.ticket, entry, when(entry));
    if (Waiting.isStranger(answer)) return { ended: true };
    if (Waiting.isRefused(answer)) return { refused: true };
    if (!Waiting.isTaken(answer)) return { away: true };
    const ended = performance.now();
    const told = await answer.json().catch(() => null);
    if (!told) return { away: true }; // broken off on the way: once more under the same key
    if (told.at > ourTime()) heard = { at: told.at, tick: ended };
    last = { question: entry.question, at: entry.at, took: ended - began, ended };
    return { next: told.next };
  };

  /* Send all that waits, oldest first; one at a time, whoever asks. */
  const flush = () => running ??= (async () => {
    let outcome = {};
    for (let entry; (entry = waiting()[0]);) {
      outcome = await send(entry);
      if (outcome.away || outcome.ended) break;
      drop(entry);
      tries = 0;
    }
    if (outcome.away) again();
    return outcome;
  })().finally(() => { running = null; });

  const again = () => {
    clearTimeout(timer);
    timer = setTimeout(inBackground, 1000 * Waiting.PAUSES[Math.min(tries++, Waiting.PAUSES.length - 1)]);
  };

  const inBackground = async () => {
    clearTimeout(timer);
    loadSheet();
    if (isBusy || !waiting().length) return;
    const outcome = await flush();
    if (isBusy) return;
    const form = asked.querySelector("form.asking");
    if (outcome.ended) return form ? tell("ended") : location.reload();
    if (outcome.away) return;
    if (!form && !asked.querySelector("section")) return location.reload();
    if (isStuck || asked.querySelector("[data-offline]")) return location.assign(outcome.next || location.href);
    tell(outcome.refused ? "" : "back");
  };

  /* ---- what she sees: in brief where her eyes are, whole below. What she may press never moves. */
  let told = "";
  const brief = () => {
    const place = asked.querySelector(".brief");
    if (place) place.textContent = asked.dataset[`${told}Brief`] || "";
  };
  const tell = (...kinds) => {
    const words = kinds.map((kind) => asked.dataset[kind]).filter(Boolean);
    said.className = words.length ? kinds[0] === "back" ? "note" : "note wait" : "";
    said.replaceChildren(...words.map((text) => Object.assign(document.createElement("p"), { textContent: text })));
    told = kinds[0] || "";
    brief();
  };

  const show = (section, isBack) => {
    asked.querySelector("section")?.remove();
    said.before(section);
    brief();
    document.title = document.title.replace(/^.*(?= - )/s, section.dataset.title);
    const isPlace = !("help" in section.dataset) && section.dataset.url;
    if (!isBack && isPlace && location.pathname !== isPlace) history.pushState(null, "", isPlace);
    isStuck = false;
    const wrong = section.querySelector(".wrong");
    if (wrong) wrong.hidden = true;
    scrollTo(0, 0);
    section.querySelector("h1").focus({ preventScroll: true });
  };

  /* Show a place of the sitting: from the sheet where it is there, else by asking for its page. */
  const go = (place) => {
    const section = sheet.get(place);
    if (section) show(section);
    else location.assign(place);
  };

  const goWithout = (place) => {
    const section = sheet.get(place) || (place.endsWith("/check") ? extra.end : null);
    if (section) show(section);
    isStuck = !section;
    tell("away", ...(isStuck ? ["stuck"] : []));
    if (isStuck) said.scrollIntoView({ block: "nearest" });
  };

  const help = (next) => {
    for (const on of extra.help.querySelectorAll("[data-on]")) on.href = next;
    show(extra.help);
  };

  let loading = false;
  const loadSheet = async () => {
    if (!asked.dataset.sheet || sheet.size || loading) return;
    loading = true;
    try {
      const answer = await fetch(asked.dataset.sheet);
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const section of page.querySelectorAll("body > section")) {
        document.adoptNode(section);
        if ("help" in section.dataset) extra.help = section;
        else if (section.dataset.offline) extra[section.dataset.offline] = section;
        else sheet.set(section.dataset.url, section);
      }
      const here = asked.querySelector("section");
      if (here && !("help" in here.dataset) && sheet.has(here.dataset.url)) sheet.set(here.dataset.url, here);
    } catch { /* once more when the network is back */ } finally {
      loading = false;
    }
  };

  /* ---- what she presses */
  const answered = async (form, button) => {
    const section = form.closest("section");
    const chosen = form.querySelector("input[name=answer]:checked");
    const value = button?.name || chosen?.value;
    const wrong = section.querySelector(".wrong");
    wrong.hidden = value !== undefined;
    if (value === undefined) return wrong.focus();
    if (button?.name) for (const one of form.querySelectorAll("input:checked")) one.checked = false;
    const entry = {
      n: 1 + (waiting().pop()?.n || 0), question: form.elements.question.value, value, key: newKey(),
      at: Date.now(), tick: performance.now(), page: performance.timeOrigin, given: ourTime(),
      read: form.elements.ticket.value,
    };
    const isKept = keep(entry);
    const next = section.dataset.next;
    const isCare = !button?.name && "care" in chosen.dataset && extra.help;
    const helpUrl = section.dataset.url.replace(/\/(\d+)(?=\?|$)/, "/help/$1"); // whole again when loaded anew
    if (isCare) help(next);
    const slow = setTimeout(() => tell("slow"), 1000);
    const outcome = isKept ? await flush() : await send(entry);
    clearTimeout(slow);
    if (outcome.ended) return carry(form, entry, value, button);
    if (outcome.away && !isKept) { tell("lost"); return said.scrollIntoView({ block: "nearest" }); }
    if (outcome.away) return isCare ? tell("away") : goWithout(next);
    if (outcome.refused) return location.assign(section.dataset.url);
    tell();
    if (isCare) return history.replaceState(null, "", helpUrl);
    go(section.dataset.url.includes("?") ? next : outcome.next || next); // looked over: back to the list
  };

  /* The visit has ended: the form itself asks for the year of birth, and brings the answer along. */
  const carry = (form, entry, value, button) => {
    const more = { client_key: entry.key, ...when(entry), ...(button?.name ? { [button.name]: "1" } : {}) };
    for (const [name, text] of Object.entries(more)) {
      form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value: text }));
    }
    if (!form.isConnected) { form.hidden = true; document.body.append(form); }
    form.submit();
  };

  /* The other language where no question is shown: by a form of its own, back to this place. */
  const switchAlone = (button) => {
    const form = document.getElementById("switch");
    if (!form) return;
    form.elements.back.value = location.pathname;
    button.setAttribute("form", "switch");
    button.removeAttribute("formaction");
  };

  addEventListener("click", (event) => {
    pressed = event.target.closest("button");
    if (pressed?.name === "language" && !document.getElementById("asking")) switchAlone(pressed);
    const link = event.target.closest("a[href]");
    if (!link || !asked.dataset.sheet || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const place = new URL(link.href);
    if (place.origin !== location.origin || place.search) return;
    const section = sheet.get(place.pathname);
    const isStop = place.pathname.endsWith("/stop") && waiting().length;
    if (section) { event.preventDefault(); show(section); if (waiting().length) tell("away"); else tell(); }
    else if (isStop && extra.stop) { event.preventDefault(); show(extra.stop); }
    else if (place.pathname.endsWith("/check") && waiting().length && extra.end) { event.preventDefault(); show(extra.end); }
  });

  addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("form.asking") || (event.submitter || pressed)?.name === "language") return;
    event.preventDefault();
    if (isBusy) return;
    isBusy = true;
    try { await answered(form, event.submitter || pressed); } finally { isBusy = false; }
  });

  addEventListener("popstate", () => {
    const section = sheet.get(location.pathname);
    if (section) show(section, true); else location.reload();
  });
  addEventListener("online", () => { tries = 0; inBackground(); });
  addEventListener("pageshow", () => { inBackground(); });
})();
