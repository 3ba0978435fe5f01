"use strict";
// Asks the service every half second whether a page wants a signature, shows the dialog, sends the answer.
const PAUSE = 400;
const by = (id) => document.getElementById(id);
const words = document.body.dataset;
let current = null;

async function call(path, body) {
  const answer = await fetch(path, body === undefined ? {} : {
    method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(body),
  });
  return {ok: answer.ok, status: answer.status, value: await answer.json()};
}

function say(text) { by("error").textContent = text; }

function close(text) {
  current = null;
  by("dialog").hidden = true;
  by("password").value = "";
  by("idle").hidden = false;
  if (text) by("idle").textContent = text;
}

function open(dialog) {
  current = dialog;
  const file = dialog.kind === "file";
  by("title").textContent = file ? words.file : words.title;
  by("sign").textContent = file ? words.take : words.sign;
  by("origin").textContent = dialog.origin;
  by("shown").textContent = dialog.shown;
  by("what").hidden = !dialog.shown;
  by("secret").hidden = file;
  by("storage").value = "";
  by("path").value = "";
  by("password").value = "";
  by("files").replaceChildren(...dialog.files.map(({path}) => new Option(path, path)));
  by("near").replaceChildren(...dialog.files.map(({path, note}) => {
    const item = document.createElement("li"), button = document.createElement("button");
    button.type = "button";
    button.textContent = [path.split("/").pop(), note].filter(Boolean).join(" · ");
    button.title = path;
    button.addEventListener("click", () => { by("path").value = path; by("storage").value = "PKCS12"; forget(); });
    item.append(button);
    return item;
  }));
  forget();
  by("idle").hidden = true;
  by("dialog").hidden = false;
  by("storage").focus();
}

function forget() {
  by("keys").hidden = true;
  by("list").replaceChildren();
  say("");
}

function row(key) {
  const label = document.createElement("label"), radio = document.createElement("input");
  const text = document.createElement("span"), small = document.createElement("small");
  label.className = "key";
  radio.type = "radio";
  radio.name = "key";
  radio.value = key.alias;
  radio.disabled = key.unsuitable !== null;
  radio.checked = !radio.disabled;
  text.textContent = [key.name, key.organisation].filter(Boolean).join(", ");
  small.textContent = [key.taxpayer, key.role, key.issuer, `${words.until} ${key.from} – ${key.until}`]
    .filter(Boolean).join(" · ");
  text.append(small);
  if (key.unsuitable !== null) {
    const why = document.createElement("small");
    why.className = "why";
    why.textContent = key.unsuitable;
    text.append(why);
  }
  label.append(radio, text);
  return label;
}

async function show() {
  forget();
  const given = {path: by("path").value, password: by("password").value};
  const {ok, value} = await call(`/dialog/${current.number}/keys`, given);
  if (!ok) { say(value.error.text); return; }
  by("list").replaceChildren(...value.keys.map(row));
  by("keys").hidden = false;
}

async function answer(event) {
  event.preventDefault();
  say("");
  const given = {path: by("path").value, password: current.kind === "file" ? "" : by("password").value};
  const {ok, status, value} = await call(`/dialog/${current.number}/answer`, given);
  if (ok) close(words.done);
  else if (status === 409) close(value.error.text);
  else say(value.error.text);
}

async function cancel() {
  if (current === null) return;
  await call(`/dialog/${current.number}/cancel`, {});
  close("");
}

async function look() {
  try {
    const {value} = await call("/dialog");
    if (value.dialog === null) { if (current !== null) close(""); }
    else if (current === null || current.number !== value.dialog.number) open(value.dialog);
    if (by("idle").textContent === words.lost) by("idle").textContent = "";
  } catch (error) {
    close(words.lost);
  }
  setTimeout(look, PAUSE);
}

by("open").addEventListener("click", show);
by("dialog").addEventListener("submit", answer);
by("cancel").addEventListener("click", cancel);
by("path").addEventListener("input", forget);
by("password").addEventListener("input", forget);
document.addEventListener("keydown", (event) => { if (event.key === "Escape") cancel(); });
look();
