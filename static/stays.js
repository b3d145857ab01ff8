/* A form that is pressed while there is no network stays where it is, with all that was typed: a browser's
   own error page would lose it. It goes once the platform has answered. Without this script it goes at once. */
"use strict";
(() => {
  const { src, dataset } = document.currentScript;
  const PATIENCE = 5000;
  const words = Object.assign(document.createElement("p"), { className: "said note wait" });
  words.setAttribute("role", "status");
  let [isAsking, goes] = [false, null];

  const isThere = async () => {
    const ending = new AbortController();
    const alarm = setTimeout(() => ending.abort(), PATIENCE);
    try {
      return (await fetch(src, { method: "HEAD", cache: "no-store", signal: ending.signal })).status < 500;
    } catch {
      return false;
    } finally {
      clearTimeout(alarm);
    }
  };
  document.addEventListener("submit", async (event) => {
    const { target: form, submitter } = event;
    if (event.defaultPrevented || goes === form || !form.closest("main")) return;
    event.preventDefault();
    if (isAsking) return;
    isAsking = true;
    words.remove();
    const isGood = await isThere();
    isAsking = false;
    if (isGood && !form.isConnected) { // the list was put in place anew meanwhile
      document.getElementById(submitter?.id)?.click();
    } else if (isGood) {
      goes = form;
      form.requestSubmit(submitter);
      goes = null;
    } else {
      (submitter?.closest("td") || form).append(words);
      words.textContent = dataset.said;
      words.scrollIntoView({ block: "nearest" });
    }
  });
})();
