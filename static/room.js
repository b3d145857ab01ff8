/* The door: asks for another person to call only where one is chosen. The room: tells every 15
   seconds that this page is open, and at once that it goes away. Without this script the visit
   ends at the Leave button or at the end of the class. */
"use strict";
(() => {
  for (const field of document.querySelectorAll("input[name=js]")) field.value = "1";

  const other = document.getElementById("somebody-else");
  const ask = () => { other.hidden = document.querySelector("[name=whom]:checked")?.value !== "other"; };
  if (other) {
    addEventListener("change", ask);
    addEventListener("pageshow", ask);
    ask();
  }

  const form = document.getElementById("leave");
  if (!form) return;
  const EVERY = 15000;
  const weak = document.getElementById("weak-line");
  const left = document.getElementById("time-left");
  const skew = Date.parse(left.dataset.now) - Date.now();
  let isLeaving = false;
  let timer = 0;

  const show = () => {
    const now = Date.now() + skew;
    const until = Date.parse(left.dataset.starts) > now ? "before" : "left";
    const at = Date.parse(until === "before" ? left.dataset.starts : left.dataset.ends);
    const minutes = Math.max(1, Math.ceil((at - now) / 60000));
    const words = minutes === 1 ? left.dataset[until + "One"] : left.dataset[until];
    left.textContent = words.replace("{n}", minutes);
  };

  const beat = async () => {
    if (isLeaving) return;
    clearTimeout(timer);
    timer = setTimeout(beat, EVERY);
    show();
    try {
      const answer = await fetch(form.dataset.beat, { method: "POST", body: new FormData(form), redirect: "manual" });
      weak.hidden = answer.ok || answer.status < 500;
      const isOver = [401, 403, 404, 409, 410].includes(answer.status);
      if (isOver && !isLeaving) location.replace(form.dataset.door);
    } catch {
      weak.hidden = false;
    }
  };

  form.addEventListener("submit", () => { isLeaving = true; clearTimeout(timer); });
  addEventListener("pagehide", () => {
    if (isLeaving) return;
    const body = new FormData(form);
    body.set("by", "page");
    navigator.sendBeacon(form.action, body);
  });
  addEventListener("pageshow", (event) => { if (event.persisted) { isLeaving = false; beat(); } });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) beat(); });
  beat();
})();
