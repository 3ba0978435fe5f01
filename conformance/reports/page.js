"use strict";
const cases = [...document.querySelectorAll(".case")];
const tiles = [...document.querySelectorAll(".tile")];
const search = document.getElementById("search");
const text = new Map(cases.map((each) => [each, each.textContent.toLowerCase()]));

function draw() {
  const wanted = new Set(tiles.filter((t) => t.getAttribute("aria-pressed") === "true").map((t) => t.dataset.outcome));
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const each of cases) {
    const fits = (!wanted.size || wanted.has(each.dataset.outcome)) && words.every((word) => text.get(each).includes(word));
    each.hidden = !fits;
    shown += fits;
  }
  const count = document.getElementById("count");
  count.textContent = `${shown} ${count.dataset.of} ${cases.length}`;
  document.getElementById("none").hidden = shown > 0;
}

for (const tile of tiles) {
  tile.addEventListener("click", () => {
    tile.setAttribute("aria-pressed", tile.getAttribute("aria-pressed") === "true" ? "false" : "true");
    draw();
  });
}
search.addEventListener("input", draw);

async function unpack(each) {
  const log = each.querySelector(".log[data-packed]");
  if (!log) return;
  const packed = log.dataset.packed;
  delete log.dataset.packed;
  const bytes = Uint8Array.from(atob(packed), (sign) => sign.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  log.innerHTML = await new Response(stream).text();
}
for (const each of cases) each.addEventListener("toggle", () => { if (each.open) unpack(each); });
document.getElementById("unfold").addEventListener("click", () => cases.forEach((each) => { if (!each.hidden) each.open = true; }));
document.getElementById("fold").addEventListener("click", () => cases.forEach((each) => { each.open = false; }));
function openLinked() {
  const linked = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (linked) { linked.open = true; linked.scrollIntoView(); }
}
window.addEventListener("hashchange", openLinked);
draw();
openLinked();
