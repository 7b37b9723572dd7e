/* The rule form follows the chosen content: fields to watch, proposals for paths, and the operators that fit a field. */
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const root = document.getElementById("pigeon-rule");
  const content = document.getElementById("id_model");
  if (!root || !content) return;
  let known = {paths: [], watched: [], relations: [], files: [], operators: {}};

  const option = (value, label) => {
    const node = document.createElement("option");
    node.value = value;
    node.label = label;
    return node;
  };
  const fill = (id, entries) => document.getElementById(id).replaceChildren(...entries.map(([value, label]) => option(value, label)));

  const showWatched = () => {
    const box = document.querySelector(".pigeon-watched");
    if (!box || !box.dataset.name) return;
    const ticked = new Set([...box.querySelectorAll("input:checked")].map((input) => input.value));
    box.replaceChildren(...known.watched.map((field, index) => {
      const label = document.createElement("label");
      const input = document.createElement("input");
      Object.assign(input, {type: "checkbox", name: box.dataset.name, value: field.name, id: `${box.id}_${index}`, checked: ticked.has(field.name)});
      label.htmlFor = input.id;
      label.append(input, ` ${field.label}`);
      return label;
    }));
  };

  // Below a value stands what can be typed there: the choices of the field, else what the operator expects.
  const hint = (row, field) => {
    const value = row.querySelector("textarea.pigeon-value");
    const select = row.querySelector("select[name$='-operator']");
    if (!value || !select) return;
    let note = value.nextElementSibling;
    if (!note || !note.classList.contains("pigeon-hint")) {
      note = document.createElement("div");
      note.className = "help pigeon-hint";
      note.id = `${value.id}_hint`;
      value.setAttribute("aria-describedby", note.id);
      value.after(note);
    }
    const operator = known.operators[select.value];
    const wanted = !operator || operator.value;
    note.textContent = operator && wanted ? (operator.plain && field && field.example) || operator.hint : "";
    // What was typed stays: the server says that it is too much.
    value.hidden = !wanted && !value.value;
  };

  // Options are hidden, never removed: what somebody chose earlier stays to be seen, and the server has the last word.
  const fitOperators = (row) => {
    const path = row.querySelector("input.pigeon-path");
    const select = row.querySelector("select[name$='-operator']");
    if (!path || !select) return;
    const field = known.paths.find((entry) => entry.path === path.value.trim());
    [...select.options].forEach((each) => {
      const fits = !field || !each.value || each.selected || field.operators.includes(each.value);
      each.hidden = each.disabled = !fits;
    });
    hint(row, field);
  };
  const conditionRows = () => document.querySelectorAll("#condition_rows-group tr.form-row:not(.empty-form)");

  const countConditions = () => {
    const intro = document.getElementById("pigeon-conditions-intro");
    if (!intro) return;
    const rows = [...conditionRows()].filter((row) => !row.querySelector("input[name$='-DELETE']:checked"));
    intro.querySelector(".pigeon-none").hidden = rows.length > 0;
    intro.querySelector(".pigeon-some").hidden = rows.length === 0;
  };

  const refresh = async (chosen) => {
    const asked = content.value;
    if (!asked) return;
    const answer = await fetch(`${root.dataset.fieldsUrl}?model=${encodeURIComponent(asked)}`);
    if (!answer.ok) return;
    const told = await answer.json();
    // Answers may overtake each other while somebody types in the list of contents.
    if (asked !== content.value) return;
    known = told;
    fill("pigeon-paths", known.paths.map((entry) => [entry.path, entry.label]));
    fill("pigeon-relations", known.relations.map((entry) => [entry.path, entry.label]));
    fill("pigeon-files", [...new Map(known.files.map((entry) => [entry.name, entry.label]))]);
    if (chosen) showWatched();
    conditionRows().forEach(fitOperators);
    const none = document.querySelector("#pigeon-conditions-intro .pigeon-none strong");
    if (none && chosen) none.textContent = known.none;
  };

  content.addEventListener("change", () => refresh(true));
  document.addEventListener("input", (event) => {
    if (event.target.matches("input.pigeon-path")) fitOperators(event.target.closest("tr"));
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("input.pigeon-path, select[name$='-operator']")) fitOperators(event.target.closest("tr"));
    if (event.target.matches("input[name$='-DELETE']")) countConditions();
  });
  document.addEventListener("formset:added", (event) => {
    if (!event.detail) return;
    if (event.detail.formsetName === "condition_rows") {
      countConditions();
      fitOperators(event.target);
    }
    // Whoever adds a row wants to fill it in. The group and the “not” of a condition rarely need a hand.
    const row = event.target;
    (row.querySelector("input.pigeon-path") || row.querySelector("select, input:not([type=hidden])"))?.focus();
  });
  document.addEventListener("formset:removed", countConditions);
  countConditions();
  refresh(false);
});
