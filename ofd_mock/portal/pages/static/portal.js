// What every page needs: the menu folded on a small screen, forms sent once, signatures.

import "/static/kept.js";

const menu = document.getElementById("menu");
const narrow = window.matchMedia("(max-width: 52rem)");
const fold = () => { if (menu) menu.open = !narrow.matches; };
fold();
// A telephone that is turned, a window drawn wide: the menu must not stay folded where nothing unfolds it.
narrow.addEventListener("change", fold);

// A form goes out once: a second click finds its button asleep.
for (const form of document.querySelectorAll("form")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
  });
}
// The page as the back button finds it can be sent again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

const csrf = () => document.querySelector("input[name=csrf_token]")?.value ?? "";

async function signByFile(box, file, password) {
  const body = new FormData();
  body.append("key", file);
  body.append("password", password);
  body.append("data", box.dataset.sign);
  const answer = await fetch("/sign-file", {method: "POST", body, headers: {"X-CSRFToken": csrf(), Accept: "application/json"}}).catch(() => null);
  const told = answer && await answer.json().catch(() => null);
  if (!answer?.ok || !told) throw new Error(told?.error ?? box.dataset.failed);
  return told.cms;
}

for (const box of document.querySelectorAll("[data-sign]")) {
  const field = box.querySelector("input[name=cms]"), finding = box.querySelector(".finding");
  const needing = [...box.form.elements].filter((each) => each.hasAttribute("data-needs-signature"));
  const refresh = () => { for (const button of needing) button.disabled = !field.value; };
  refresh();
  const take = async (button, work) => {
    finding.textContent = "";
    button.disabled = true;
    try {
      const signature = await work();
      if (signature) field.value = signature;
    } catch (error) {
      finding.textContent = error.message;
    } finally {
      button.disabled = false;
      refresh();
    }
  };
  const byBrowser = box.querySelector(".by-browser");
  byBrowser.addEventListener("click", () => take(byBrowser, () => window.askForSignature({
    data: box.dataset.sign, title: box.dataset.title, use: box.dataset.use, language: box.dataset.language,
    address: box.dataset.service, attached: true,
  })));
  const byFile = box.querySelector(".by-file button");
  byFile.addEventListener("click", () => take(byFile, async () => {
    const file = box.querySelector("[type=file]").files[0], password = box.querySelector("[type=password]");
    if (!file) throw new Error(byFile.dataset.missing);
    const signature = await signByFile(box, file, password.value);
    password.value = "";
    return signature;
  }));
}
