/* Keeps "starts in 12 minutes" true, by the server's clock and not the phone's, and asks for the
   page anew when the doors open, unless something has been typed. Without this script the words
   of the server stay as they are. */
"use strict";
(() => {
  const shown = [...document.querySelectorAll("[data-countdown]")];
  const loaded = Date.now();
  let isTyped = false;
  addEventListener("input", () => { isTyped = true; });

  const words = (of, minutes) => {
    if (minutes < 1) return of.none;
    if (minutes === 1) return of.one;
    if (minutes < 120) return of.many.replace("{n}", minutes);
    if (minutes < 2880) return of.hours.replace("{n}", Math.floor(minutes / 60));
    return of.days.replace("{n}", Math.floor(minutes / 1440));
  };

  const tick = () => {
    for (const place of shown) {
      const now = Date.parse(place.dataset.now) + Date.now() - loaded;
      const text = words(place.dataset, Math.ceil((Date.parse(place.dataset.countdown) - now) / 60000));
      if (place.textContent !== text) place.textContent = text;
      const isOpen = place.dataset.opens && now > Date.parse(place.dataset.opens) + 1000;
      if (isOpen && !isTyped && Date.now() - loaded > 10000) location.reload();
    }
  };

  tick();
  setInterval(tick, 15000);
  addEventListener("pageshow", tick);
  document.addEventListener("visibilitychange", tick);
})();
