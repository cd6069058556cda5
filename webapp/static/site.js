// On every page: a change of language takes along what is in a model's form, and slow forms say that they work.
"use strict";

const ask = document.getElementById("ask");

document.querySelector(".preferences")?.addEventListener("formdata", (event) => {
  if (!ask || !event.target.elements.kept) return;
  for (const [name, value] of new FormData(ask)) {
    if (name.startsWith("x.") || name === "written") event.formData.append(name, value);
  }
});

for (const form of document.querySelectorAll("form[data-busy]")) {
  form.addEventListener("submit", () => {
    const note = document.getElementById(form.dataset.busy);
    if (note) note.hidden = false;
  });
}
// A page that the browser took back from its memory is not at work.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-busy]")) {
    const note = document.getElementById(form.dataset.busy);
    if (note) note.hidden = true;
  }
});
