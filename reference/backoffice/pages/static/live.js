// What changes by itself is asked for again: every element with an id and `data-live` (its seconds, 5 without)
// is taken anew from the same page, until it carries `data-done`.

const parts = () => [...document.querySelectorAll("[data-live][id]:not([data-done])")];

async function look() {
  if (document.hidden || parts().some((each) => each.contains(document.activeElement))) return;
  const answer = await fetch(location.href, {headers: {Accept: "text/html"}}).catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const old of parts()) {
    const now = fresh.getElementById(old.id);
    if (now && now.outerHTML !== old.outerHTML) old.replaceWith(document.adoptNode(now));
  }
}

function again() {
  const waiting = parts();
  if (!waiting.length) return;
  const seconds = Math.min(...waiting.map((each) => Number(each.dataset.live) || 5));
  setTimeout(async () => { await look(); again(); }, seconds * 1000);
}
again();
