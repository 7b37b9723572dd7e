/* The source editor of export templates: shows the line of a mistake, and fills the panel of available fields. */
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const source = document.querySelector("textarea.pigeon-source");
  const wrong = source && Number(source.dataset.errorLine);
  if (wrong) {
    const lines = source.value.split("\n");
    const before = lines.slice(0, wrong - 1).join("\n");
    const start = before.length + (wrong > 1 ? 1 : 0);
    source.focus();
    source.setSelectionRange(start, start + (lines[wrong - 1] || "").length);
    const height = parseFloat(getComputedStyle(source).lineHeight) || 18;
    source.scrollTop = Math.max(0, (wrong - 4) * height);
    const error = source.closest(".form-row").querySelector(".errorlist li");
    const line = document.createElement("code");
    line.className = "pigeon-line";
    line.textContent = (lines[wrong - 1] || "").trim();
    if (error && line.textContent) error.append(" ", line);
  }
  document.querySelectorAll(".pigeon-fields").forEach((panel) => {
    const list = panel.querySelector(".pigeon-fields-list");
    panel.querySelector("select").addEventListener("change", async (event) => {
      list.textContent = "";
      if (!event.target.value) return;
      const answer = await fetch(`${panel.dataset.url}?list=1&model=${encodeURIComponent(event.target.value)}`);
      if (answer.ok) list.innerHTML = await answer.text();
    });
  });
});
