// The windows of «Уточнение данных» over the page: banks, addresses, e-mail.
// Without this script the same buttons bring the page again with the window open.

const form = document.getElementById("details");
const by = (id) => document.getElementById(id);
const csrf = form.elements.csrf_token.value;
const windows = {banks: by("window-banks"), place: by("window-place"), email: by("window-email")};

const say = (id, text) => {
  by(`${id}-finding`).textContent = text || "";
  by(id).closest(".line").classList.toggle("wrong", Boolean(text));
};
const fill = (id, value) => { by(id).value = value; say(id, ""); };
const open = (name) => { windows[name].close(); windows[name].showModal(); };
const close = () => { for (const each of Object.values(windows)) each.close(); };

const acts = {
  banks: () => open("banks"),
  bank: (bic, button) => {
    fill("bic", bic);
    by("bank_name").value = button.dataset.name || "";
    windows.banks.querySelector("[value='bank:']").hidden = !bic;
    close();
  },
  same: () => fill("actual_address", by("legal_address").value),
  close,
  place: (field) => {
    for (const id of ["place", "place_text", "place_display", "place_address"]) by(id).value = "";
    by("place_for").value = field;
    by("places").replaceChildren();
    say("place_text", "");
    say("place_address", "");
    open("place");
  },
  find: async () => {
    say("place_text", "");
    const answer = await fetch(`/api/settlements?q=${encodeURIComponent(by("place_text").value)}`);
    const places = by("places");
    if (!answer.ok) { say("place_text", form.dataset.failed); return; }
    const rows = (await answer.json()).map((place) => {
      const row = document.createElement("li"), button = document.createElement("button");
      button.className = "choice";
      button.name = "act";
      button.value = `pick:${place.id}`;
      button.textContent = place.display;
      row.append(button);
      return row;
    });
    if (!rows.length) {
      const row = document.createElement("li");
      row.className = "soft";
      row.textContent = places.dataset.none;
      rows.push(row);
    }
    places.replaceChildren(...rows);
  },
  pick: (id, button) => {
    by("place").value = id;
    by("place_display").value = button.textContent;
    by("places").replaceChildren();
    say("place_text", "");
    by("place_address").focus();
  },
  choose: () => {
    const told = by("place_address-finding").dataset, address = by("place_address").value.trim();
    say("place_text", by("place").value ? "" : told.pick);
    say("place_address", address ? "" : told.required);
    if (!by("place").value || !address) return;
    fill(by("place_for").value, `${by("place_display").value}, ${address}`);
    close();
  },
  email: () => open("email"),
  send: async () => {
    by("sent").hidden = true;
    by("sent").hidden = !await mail("email", {email: by("new_email").value});
  },
  confirm: async () => {
    if (!await mail("code", {email: by("new_email").value, code: by("code").value})) return;
    fill("email", by("new_email").value.trim());
    by("code").value = "";
    by("sent").hidden = true;
    close();
  },
};

async function mail(way, fields) {
  say("new_email", "");
  say("code", "");
  const asked = await fetch(`${form.dataset.mail}/${way}`, {
    method: "POST", body: new URLSearchParams(fields), headers: {"X-CSRFToken": csrf, Accept: "application/json"},
  });
  if (asked.ok) return true;
  const told = await asked.json();
  if (told.findings) {
    say("new_email", told.findings.email);
    say("code", told.findings.code);
  } else say(way === "email" ? "new_email" : "code", told.error);
  return false;
}

form.addEventListener("click", async (event) => {
  const button = event.target.closest("button[name=act]");
  const [act, argument] = button ? button.value.split(/:(.*)/s) : [];
  if (!(act in acts)) return;
  event.preventDefault();
  if (button.dataset.busy) return;
  button.dataset.busy = "yes";
  try {
    await acts[act](argument ?? "", button);
  } catch {
    say({find: "place_text", send: "new_email", confirm: "code"}[act] ?? "email", form.dataset.failed);
  } finally {
    delete button.dataset.busy;
  }
});

// Enter in a window presses the window's button, not the form's.
for (const [id, value] of [["place_text", "find"], ["place_address", "choose"], ["new_email", "send"], ["code", "confirm"]]) {
  by(id).addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    form.querySelector(`button[value="${value}"]`).click();
  });
}

// A window that the server opened stands over the page, too.
for (const [name, each] of Object.entries(windows)) if (each.open) open(name);
