// The visitor's own predictions, in this browser's memory and nowhere else: kept on a model's page, shown on /predictions.
"use strict";

const PLACE = "dasier.predictions";
const MOST = 500;

const recall = () => {
  try {
    const found = JSON.parse(localStorage.getItem(PLACE) ?? "[]");
    return Array.isArray(found) ? found : [];
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
};
// A browser gives a site five million characters: where the newest do not fit, the older half makes room.
const remember = (records) => {
  const kept = records.slice(0, MOST);
  for (;;) {
    try {
      localStorage.setItem(PLACE, JSON.stringify(kept));
      return;
    } catch (error) {
      if (error.name !== "QuotaExceededError" || kept.length < 2) throw error;
      kept.length = Math.ceil(kept.length / 2);
    }
  }
};

// A cell that a spreadsheet would run is shown as text; a number is left as it is (webapp/downloads.py has the same rule).
const NUMBER = /^[+-]?([0-9]+([.,][0-9]*)?|[.,][0-9]+)(e[+-]?[0-9]{1,3})?$/i;
const neutral = (cell) => (/^\s*[=+\-@|%＝＋－＠\t\r\n]/u.test(cell) && !NUMBER.test(cell.trim()) ? `'${cell}` : cell);
const quoted = (cell) => `"${neutral(String(cell ?? "")).replaceAll('"', '""')}"`;

const asCsv = (headings, records) => {
  const mark = document.documentElement.lang === "fr" ? ";" : ",";
  const rows = records.map((it) => [
    it.at, it.title, it.version, it.answer, it.note, it.cautions.join(" "),
    it.asked.map((pair) => pair.join(": ")).join("; "), new URL(it.link, location.href).href,
  ]);
  return "\ufeff" + [headings, ...rows].map((row) => row.map(quoted).join(mark)).join("\r\n") + "\r\n";
};

const save = (text) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = "predictions.csv";
  link.click();
  URL.revokeObjectURL(link.href);
};

const whole = (it) =>
  it !== null && typeof it === "object" && Array.isArray(it.asked) && Array.isArray(it.cautions) &&
  typeof it.link === "string" && it.link.startsWith("/") && !it.link.startsWith("//");

const shown = (it, forget) => {
  const item = document.getElementById("mine-one").content.cloneNode(true).firstElementChild;
  for (const slot of ["answer", "note", "title"]) item.querySelector(`[data-slot=${slot}]`).textContent = it[slot] ?? "";
  item.querySelector("[data-slot=link]").href = it.link;
  const time = item.querySelector("time");
  time.dateTime = it.at;
  time.textContent = new Date(it.at).toLocaleString(document.documentElement.lang);
  for (const [label, value] of it.asked) {
    const [term, given] = [document.createElement("dt"), document.createElement("dd")];
    [term.textContent, given.textContent] = [label, value];
    item.querySelector("dl").append(term, given);
  }
  item.querySelector("button").addEventListener("click", forget);
  return item;
};

const show = () => {
  const records = recall().filter(whole);
  const mine = document.getElementById("mine");
  mine.hidden = records.length === 0;
  document.getElementById("mine-empty").hidden = records.length > 0;
  document.getElementById("mine-list").replaceChildren(
    ...records.map((it) => shown(it, () => { remember(records.filter((other) => other !== it)); show(); })),
  );
};

const record = document.querySelector("[data-record]")?.dataset.record;
try {
  if (record) {
    const now = { ...JSON.parse(record), at: new Date().toISOString() };
    const before = recall();
    // The same answer again, in another language, is the same prediction.
    const same = before.find((it) => it.id && it.id === now.id && it.model === now.model);
    if (same) now.at = same.at;
    remember([now, ...before.filter((it) => it !== same)]);
    document.querySelector(".kept-here").hidden = false;
  }
  const mine = document.getElementById("mine");
  if (mine) {
    document.getElementById("mine-export").addEventListener("click", () => {
      save(asCsv(JSON.parse(mine.dataset.headings), recall().filter(whole)));
    });
    document.getElementById("mine-erase").addEventListener("click", () => {
      if (window.confirm(mine.dataset.erase)) { localStorage.removeItem(PLACE); show(); }
    });
    show();
  }
} catch {
  document.getElementById("mine-refused")?.removeAttribute("hidden"); // the browser forbids sites to keep anything
}
