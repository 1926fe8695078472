"use strict";
// Sorts a table by the column whose heading is clicked; once more turns it around. Places without a value stay last.
const key = (row, at) => row.cells[at].dataset.key ?? row.cells[at].textContent;
function compare(a, b) {
  const [x, y] = [Number(a), Number(b)];
  if (!Number.isNaN(x) && !Number.isNaN(y)) return x - y;
  return a < b ? -1 : a > b ? 1 : 0;
}
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, at) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", sign === 1 ? "ascending" : "descending");
      const rows = [...table.tBodies[0].rows];
      rows.sort((left, right) => {
        const [a, b] = [key(left, at), key(right, at)];
        if (a === "" || b === "") return (a === "" ? 1 : 0) - (b === "" ? 1 : 0);
        return sign * compare(a, b);
      });
      table.tBodies[0].append(...rows);
    });
  });
  // A long table gets a field that leaves only the rows with all words typed into it.
  const rows = [...table.tBodies[0].rows];
  if (rows.length < 6) continue;
  const label = document.createElement("label");
  label.className = "filter";
  const field = document.createElement("input");
  field.type = "search";
  const count = document.createElement("span");
  count.setAttribute("role", "status");
  label.append("Only rows with ", field);
  table.parentElement.before(label);
  label.after(count);
  count.className = "filtered";
  const texts = rows.map((row) => row.textContent.toLowerCase());
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/);
    let shown = 0;
    rows.forEach((row, at) => {
      row.hidden = !words.every((word) => texts[at].includes(word));
      shown += row.hidden ? 0 : 1;
    });
    count.textContent = field.value.trim() ? `${shown} of ${rows.length}` : "";
  });
}
