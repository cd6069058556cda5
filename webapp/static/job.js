// A large table: it is told so before it is sent, goes from this browser straight to where jobs are kept, and is watched.
"use strict";

const file = document.getElementById("file");

// On the page of spreadsheets: a file that the site cannot pass on is chosen again on the page of its job.
const background = document.getElementById("background");
if (background) {
  const most = Number(background.dataset.most);
  const larger = (than) => file.files.length > 0 && file.files[0].size > than;
  const tell = () => {
    document.getElementById("file-large").hidden = !larger(Number(background.dataset.atOnce));
  };
  file.addEventListener("change", tell);
  window.addEventListener("pageshow", () => { file.disabled = false; tell(); });
  background.form.addEventListener("submit", (event) => {
    file.disabled = event.submitter === background && larger(most); // what is disabled is not sent
  });
}

// On a job's page: a small file is sent to the site, which reads it as it reads every table.
const rows = document.getElementById("rows");
const say = (why) => {
  for (const sentence of rows.querySelectorAll("[data-why]")) sentence.hidden = sentence.dataset.why !== why;
};

// What the service would refuse only after all of it is there: looked for in the first cells.
const trouble = async (table) => {
  const start = await table.slice(0, 65536).arrayBuffer();
  const bytes = new Uint8Array(start);
  if ((bytes[0] === 0x50 && bytes[1] === 0x4b) || (bytes[0] === 0xd0 && bytes[1] === 0xcf)) return "workbook";
  let text;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(start, { stream: true });
  } catch {
    return "not_utf8";
  }
  if (text.includes("\0")) return "not_utf8";
  const [header, ...lines] = text.split(/\r?\n/);
  const decimals = /(^|;)"?[+-]?[0-9]+,[0-9]+"?(;|$)/;
  return header.includes(";") && lines.some((line) => decimals.test(line)) ? "decimals" : "";
};

const leaving = (event) => event.preventDefault();

const put = (table) => {
  const sending = document.getElementById("sending");
  const request = new XMLHttpRequest(); // fetch() does not say how much is sent
  const end = (why) => {
    window.removeEventListener("beforeunload", leaving);
    if (why === "") { location.reload(); return; }
    sending.hidden = true;
    rows.querySelector("button").disabled = false;
    say(why);
  };
  request.upload.addEventListener("progress", (event) => {
    if (event.lengthComputable) sending.querySelector("progress").value = event.loaded / event.total;
  });
  request.addEventListener("load", () => {
    const there = request.status < 300 || request.status === 412;
    end(there ? "" : request.status === 403 ? "late" : "broken");
  });
  request.addEventListener("error", () => end("broken"));
  request.open("PUT", rows.dataset.url);
  for (const [name, value] of Object.entries(JSON.parse(rows.dataset.headers))) request.setRequestHeader(name, value);
  window.addEventListener("beforeunload", leaving);
  say("");
  rows.querySelector("button").disabled = true;
  sending.hidden = false;
  request.send(table);
};

rows?.addEventListener("submit", async (event) => {
  const table = file.files[0];
  if (!table || table.size <= Number(rows.dataset.most)) return;
  event.preventDefault();
  const why = await trouble(table);
  if (why) say(why);
  else put(table);
});

for (const form of document.querySelectorAll("form[data-sure]")) {
  form.addEventListener("submit", (event) => {
    if (!window.confirm(form.dataset.sure)) event.preventDefault();
  });
}

const job = document.getElementById("job");
const show = (standing) => {
  const title = document.getElementById("job-title");
  if (title.textContent !== standing.headline) title.textContent = standing.headline;
  job.querySelector("progress").value = standing.progress;
  for (const slot of ["answered", "refused"]) job.querySelector(`[data-slot=${slot}]`).textContent = standing[slot];
};
const watch = async (pause) => {
  try {
    const answer = await fetch(job.dataset.state, { cache: "no-store" });
    if (answer.ok || answer.status === 404) {
      const standing = await answer.json();
      if (!standing.moves) { location.reload(); return; }
      show(standing);
    }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // no connection now: it may come back
  }
  setTimeout(watch, pause, Math.min(5000, pause * 1.2));
};
if (job?.dataset.state) watch(800);
