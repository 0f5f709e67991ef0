"use strict";
// A table that can be filtered and sorted: the one whose id is `table`.
(() => {
  const table = document.getElementById("table");
  if (!table) return;
  const body = table.tBodies[0];

  // Filter: every word must occur in the row.
  const input = document.getElementById("filter");
  if (input) {
    const found = document.getElementById("found");
    input.closest("p").hidden = false;
    input.addEventListener("input", () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const tr of body.rows) {
        const line = tr.textContent.toLowerCase();
        tr.hidden = !words.every((word) => line.includes(word));
        if (!tr.hidden) shown += 1;
      }
      found.textContent = words.length ? shown + " of " + body.rows.length + " rows" : "";
    });
  }

  // Sort: numbers by value with missing ones last, words by letter.
  const key = (tr, column) => {
    const place = tr.cells[column];
    const value = place.dataset.v;
    if (value === undefined) return place.textContent;
    return value === "" ? null : Number(value);
  };
  const compare = (a, b, sign) => {
    if (a === null || b === null) return (a === null) - (b === null);
    return sign * (typeof a === "number" ? a - b : a.localeCompare(b));
  };
  const heads = Array.from(table.tHead.rows[0].cells);
  heads.forEach((head, column) => {
    if (head.querySelector(".hidden") || !head.textContent.trim()) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const keyed = Array.from(body.rows, (tr) => [key(tr, column), tr]);
      keyed.sort((a, b) => compare(a[0], b[0], down ? -1 : 1));
      body.append(...keyed.map((pair) => pair[1]));
    });
  });

  // A link to a row that the filter hides shows it.
  window.addEventListener("hashchange", () => {
    const row = document.getElementById(location.hash.slice(1));
    if (!row || !row.hidden) return;
    input.value = "";
    input.dispatchEvent(new Event("input"));
    row.scrollIntoView();
  });
})();
