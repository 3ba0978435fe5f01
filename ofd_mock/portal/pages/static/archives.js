// How far an archive is: asked every second while it is made; the page comes anew when it is ready.
const archive = document.getElementById("archive");
const progress = document.getElementById("progress");
const told = document.getElementById("told");

async function look() {
  const answer = await fetch(`${archive.dataset.address}/state`, { credentials: "same-origin" });
  if (!answer.ok) return location.reload();
  const state = await answer.json();
  if (state.state !== "waiting" && state.state !== "working") return location.reload();
  progress.max = state.total || 1;
  progress.value = state.done;
  told.textContent = state.total ? `${state.done} / ${state.total}` : String(state.done);
  setTimeout(look, 1000);
}

if (progress) setTimeout(look, 500);
