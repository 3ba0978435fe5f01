// Search as one types: the results are taken anew from the page that the form's button would show.

for (const form of document.querySelectorAll("form[data-search]")) {
  const input = form.querySelector("input[type=search]");
  let last = input.value, waiting = 0, going = null;
  const look = async () => {
    const text = input.value;
    if (text === last) return;
    last = text;
    going?.abort();
    going = new AbortController();
    const address = new URL(form.action);
    if (text.trim()) address.searchParams.set("q", text.trim());
    const answer = await fetch(address, {signal: going.signal, headers: {Accept: "text/html"}}).catch(() => null);
    if (!answer?.ok || answer.redirected) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const now = fresh.getElementById(form.dataset.search), old = document.getElementById(form.dataset.search);
    // Another letter may have come meanwhile: its answer is the one to show.
    if (now && old && input.value === text) {
      old.replaceChildren(...now.childNodes);
      history.replaceState(null, "", address);
    }
  };
  input.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(look, 200); });
  form.addEventListener("submit", (event) => { event.preventDefault(); clearTimeout(waiting); look(); });
}
