/* The box under a line of the trainer's list: for a note, or for why the room is overruled. What stands
   in it is kept in this tab while she types, so that the emergency card can be opened in between. */
"use strict";
const Boxes = (() => {
  const template = document.getElementById("box");
  const ROOM = `draft/${document.getElementById("console").dataset.me}/`;
  const store = (() => { try { return window.sessionStorage; } catch { return null; } })();
  const line = (cell) => cell.closest("[data-line]").dataset.line;

  /* `draft`: where it goes (`to`), what else goes with it (`fields`), `kind` of what is typed, `refused` before. */
  const open = (cell, draft) => {
    const { to, kind, fields, refused } = draft;
    const box = template.content.cloneNode(true).firstElementChild;
    const field = box.querySelector("input");
    const label = box.querySelector("[data-note]");
    label.textContent = label.dataset[kind];
    if (kind !== "note") box.querySelector(".quiet").remove();
    field.value = fields[kind] || "";
    const close = () => {
      store?.removeItem(ROOM + line(cell));
      box.remove();
      document.getElementById(`${kind === "note" ? "note" : fields.status || "undo"}-${line(cell)}`)?.focus();
    };
    const letGo = () => { close(); if (refused) Unsent.drop(refused); };
    box.querySelector("[type=button]").addEventListener("click", letGo);
    box.addEventListener("keydown", (event) => { if (event.key === "Escape") letGo(); });
    box.addEventListener("input", () => {
      const now = { ...draft, fields: { ...fields, [kind]: field.value } };
      try { store?.setItem(ROOM + line(cell), JSON.stringify(now)); } catch { /* it stands in the box */ }
    });
    box.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!field.value.trim()) return field.focus();
      close();
      Unsent.add(line(cell), to, { ...fields, [kind]: field.value });
    });
    cell.append(box);
    return field;
  };

  const ask = (cell, entry) => {
    if (cell.querySelector(".box")) return;
    const kind = "note" in entry.fields ? "note" : "reason";
    open(cell, { to: entry.to, kind, fields: entry.fields, refused: entry.key }).focus();
  };
  const reopen = (cells) => {
    for (const cell of cells) {
      const draft = store?.getItem(ROOM + line(cell));
      if (draft) open(cell, JSON.parse(draft));
    }
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-note]");
    if (!link) return;
    event.preventDefault();
    const cell = link.closest("td.do");
    (cell.querySelector(".box input") || open(cell, { to: link.dataset.note, kind: "note", fields: {} })).focus();
  });
  return { line, ask, reopen };
})();
