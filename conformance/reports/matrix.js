"use strict";
const rows = [...document.querySelectorAll(".row")];
const search = document.getElementById("search");
const differing = document.getElementById("differing");
const text = new Map(rows.map((each) => [each, each.textContent.toLowerCase()]));

function draw() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const each of rows) {
    const fits = (!differing.checked || each.dataset.differs === "yes") && words.every((word) => text.get(each).includes(word));
    each.hidden = !fits;
    shown += fits;
  }
  const count = document.getElementById("count");
  count.textContent = `${shown} ${count.dataset.of} ${rows.length}`;
}
search.addEventListener("input", draw);
differing.addEventListener("change", draw);
draw();
