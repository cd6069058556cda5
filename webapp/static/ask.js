// On a model's page: values that come with a link are filled in, the link is copied, and the answer is kept here.
// The link's values stand after the #, which a browser sends to nobody. They only fill in the form: nothing is asked.
"use strict";

const form = document.getElementById("ask");
const french = document.documentElement.lang === "fr";

const written = (value) => {
  const text = value === null || typeof value === "object" ? "" : String(value);
  return typeof value === "number" && french ? text.replace(".", ",") : text;
};

const fill = () => {
  if (!location.hash.startsWith("#with=")) return;
  let row;
  try {
    row = JSON.parse(decodeURIComponent(location.hash.slice(6)));
  } catch {
    return; // a link that was cut off fills in nothing
  }
  if (row === null || typeof row !== "object") return;
  for (const control of form.elements) {
    if (!control.name.startsWith("x.")) continue;
    const name = control.name.slice(2);
    const text = Object.hasOwn(row, name) ? written(row[name]) : "";
    if (control.type === "radio") control.checked = control.value === text;
    else control.value = text;
    if (control.localName === "select" && control.selectedIndex < 0) control.value = "";
    control.dispatchEvent(new Event("input", { bubbles: true }));
  }
  document.getElementById("told-link").hidden = false;
};

if (form) {
  fill();
  window.addEventListener("hashchange", fill);
}

for (const button of document.querySelectorAll("[data-copy]")) {
  const share = button.closest(".share");
  share.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(new URL(button.dataset.copy, location.href).href);
      share.querySelector(".copied").hidden = false;
    } catch {
      button.hidden = true; // the browser forbids it: the link beside it can be copied by hand
    }
  });
}
