// Fetches the lists again every two seconds and marks what is new; rests while nobody looks.
"use strict";
{
  const box = document.getElementById("received");
  const state = document.getElementById("received-state");
  let last = null;

  const rows = () => new Map([...box.querySelectorAll("tr[data-file]")].map(
    row => [row.closest("section").getAttribute("aria-labelledby") + " " + row.dataset.file, row]));
  const stamp = row => row.querySelector("time").dateTime;

  async function refresh() {
    if (document.hidden) return;
    try {
      const answer = await fetch(box.dataset.url, {redirect: "error", credentials: "same-origin"});
      if (!answer.ok) throw new Error(answer.status);
      const text = await answer.text();
      if (text !== last) {
        const before = new Map([...rows()].map(([key, row]) => [key, stamp(row)]));
        box.innerHTML = last = text;
        for (const [key, row] of rows()) {
          if (before.get(key) !== stamp(row)) row.classList.add("received-new");
        }
      }
      state.textContent = "up to date";
    } catch {
      state.textContent = "the site does not answer; trying again";
    }
  }
  setInterval(refresh, 2000);
  document.addEventListener("visibilitychange", refresh);
}
