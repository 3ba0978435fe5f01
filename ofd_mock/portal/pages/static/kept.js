// What was typed into a form outlives a session that ended under it: it is kept in this tab while the person
// logs in, and put back when he is led back. Signatures, passwords and files are never kept.

const NAME = "kassalab-kept";
const NEVER = new Set(["csrf_token", "cms"]);
const form = document.querySelector("form[data-kept]");
// Of another organisation's session nothing is put back.
const account = document.querySelector(".ls")?.textContent ?? "";

function read() {
  try { return JSON.parse(sessionStorage.getItem(NAME)); } catch { return null; }
}

function putBack(fields) {
  for (const input of form.elements) {
    if (!input.name || NEVER.has(input.name)) continue;
    if (input.type === "checkbox") input.checked = input.name in fields;
    else if (input.name in fields && input.type !== "radio" && input.type !== "submit") input.value = fields[input.name];
  }
  // A choice stands as the list without a script has it; chooser.js comes after and reads it.
  for (const box of form.querySelectorAll("[data-chooser]")) {
    const chosen = Object.assign(document.createElement("input"), {type: "radio", name: box.dataset.name, value: fields[box.dataset.name] ?? "", checked: true});
    box.querySelector(".found").replaceChildren(...(chosen.value ? [chosen] : []));
  }
}

const kept = read();
if (kept && location.pathname.startsWith("/login")) sessionStorage.setItem(NAME, JSON.stringify({...kept, away: true}));
else if (kept) {
  sessionStorage.removeItem(NAME);
  if (form && kept.away && kept.path === location.pathname && kept.account === account) putBack(kept.fields);
}
form?.addEventListener("submit", () => {
  const fields = Object.fromEntries([...new FormData(form)].filter(([name, value]) => typeof value === "string" && !NEVER.has(name)));
  sessionStorage.setItem(NAME, JSON.stringify({path: location.pathname, account, fields}));
});
