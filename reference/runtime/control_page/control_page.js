"use strict";
// Forms become calls of the JSON endpoints they name; the answer is shown above the freshly loaded page.

const place = document.getElementById("answer");

function show(text, problem) {
  place.textContent = text;
  place.className = problem ? "problem" : "";
  place.scrollIntoView({ block: "nearest" });
}

function value(field) {
  const text = field.value.trim();
  switch (field.dataset.kind) {
    case "number": {
      const number = Number(text);
      if (Number.isNaN(number)) throw new Error(`${field.name}: ${text} is not a number`);
      return number;
    }
    case "boolean": return text === "true";
    case "json":
      try { return JSON.parse(text); } catch { throw new Error(`${field.name}: this is not JSON`); }
    default: return field.value;
  }
}

function body(form) {
  const result = {};
  for (const field of form.elements) {
    if (!field.name || field.value.trim() === "") continue;
    const dot = form.dataset.path === "clock" ? field.name.indexOf(".") : -1;
    if (dot < 0) result[field.name] = value(field);
    else (result[field.name.slice(0, dot)] ??= {})[field.name.slice(dot + 1)] = value(field);
  }
  return result;
}

async function send(form) {
  const method = form.dataset.method;
  const request = { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body(form)) };
  if (method === "DELETE") { request.headers = { "X-Kassalab": "control" }; delete request.body; }
  const response = await fetch(form.dataset.path, request);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error ? answer.error.text : `HTTP ${response.status}`);
  return answer;
}

document.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  if (form.dataset.ask && !window.confirm(form.dataset.ask)) return;
  const button = form.querySelector("button");
  button.disabled = true;
  // An answer left over would look like the answer to this.
  show("", false);
  try {
    const answer = await send(form);
    const shown = form.dataset.path.startsWith("do/") && Object.keys(answer).length ? JSON.stringify(answer, null, 1) : "Done.";
    sessionStorage.setItem("answer", shown);
    window.location.reload();
  } catch (error) {
    show(error.message, true);
    button.disabled = false;
  }
});

const left = sessionStorage.getItem("answer");
if (left !== null) {
  sessionStorage.removeItem("answer");
  show(left, false);
}
