// Makes a picture's cells drawable; without this script they are number boxes and work all the same.
"use strict";

for (const table of document.querySelectorAll(".cells")) {
  const high = Number(table.dataset.high) || 1;
  const shades = 8;
  let ink = null; // the value that the current stroke leaves, or null when no stroke is being drawn

  const shade = (input) => {
    const value = Number(input.value.replace(",", ".")) || 0;
    input.parentElement.className = `shade-${Math.round(Math.min(Math.max(value / high, 0), 1) * shades)}`;
  };

  const leave = (cell, value) => {
    const input = cell && cell.querySelector("input");
    if (input) {
      input.value = String(value);
      shade(input);
    }
  };

  // A stroke is as wide as a pen on eight cells: full ink under the pointer, half of it on the cells beside.
  const stroke = (event) => {
    const cell = document.elementFromPoint(event.clientX, event.clientY)?.closest(".cells td");
    if (!cell || !table.contains(cell)) return;
    leave(cell, ink);
    for (const beside of [cell.previousElementSibling, cell.nextElementSibling]) {
      const input = beside && beside.querySelector("input");
      const half = Math.round(ink / 2);
      if (input && ink > 0 && (Number(input.value) || 0) < half) leave(beside, half);
    }
  };

  table.addEventListener("dragstart", (event) => event.preventDefault());
  table.addEventListener("input", (event) => shade(event.target));
  table.addEventListener("pointermove", (event) => {
    if (ink !== null && event.buttons) stroke(event);
  });
  table.addEventListener("pointerdown", (event) => {
    const start = event.target.closest("td");
    if (!start) return;
    // Only a drag draws: a plain click or tap still puts the cursor in the cell.
    ink = event.button === 2 || event.shiftKey ? 0 : high;
  });
  for (const end of ["pointerup", "pointercancel"]) {
    window.addEventListener(end, () => { ink = null; });
  }
  table.classList.add("drawing");
  table.closest(".picture").querySelector(".draw-hint").hidden = false;
}
