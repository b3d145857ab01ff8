/* The trainer's list: fetched anew every few seconds, put in place only where it changed.
   The focus stays on the button it was on; nothing changes under a finger, nor while something
   is typed or unfolded. Without this script the page reloads itself. */
"use strict";
(() => {
  const every = Number(document.getElementById("live")?.dataset.every) * 1000;
  if (!every) return;
  const old = document.getElementById("old-list");
  let isPressed = false;
  addEventListener("pointerdown", () => { isPressed = true; });
  for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => { isPressed = false; });

  const isBusy = (now) => isPressed || now.querySelector("details[open]") ||
    [...now.querySelectorAll("input:not([type=hidden]), select, textarea")].some((field) => field === document.activeElement || field.value !== field.defaultValue && "defaultValue" in field);

  const refresh = async () => {
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (answer.redirected) return location.reload();
      if (!answer.ok) throw new Error(String(answer.status));
      replace(new DOMParser().parseFromString(await answer.text(), "text/html"));
      if (old) old.hidden = true;
    } catch {
      if (old) old.hidden = false;
    }
    setTimeout(refresh, every);
  };

  const replace = (page) => {
    const now = document.getElementById("live");
    const next = page.getElementById("live");
    if (!next || next.textContent === now.textContent || isBusy(now)) return;
    const focused = now.contains(document.activeElement) ? document.activeElement.id : "";
    now.replaceChildren(...next.childNodes);
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  };

  setTimeout(refresh, every);
})();
