"use strict";

const SAMPLE = {
  Time: "2024-09-04 09:45:38", ReceivedCash: 50000, ReceivedCard: 50000, Type: 0, Operation: 0,
  Items: [
    { Name: "Non", SPIC: "01905001001000000", PackageCode: "1234567", Units: 1, Amount: 1000, Price: 50000, VATPercent: 12, VAT: 5357 },
    { Name: "Choy", SPIC: "00902001001000000", PackageCode: "1234568", Units: 1, Amount: 1000, Price: 50000, VATPercent: 12, VAT: 5357 },
  ],
};
const factory = document.getElementById("factory");
const posAuth = document.getElementById("pos-auth");

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

function tashkent() {
  return new Date(Date.now() + 5 * 3600 * 1000).toISOString().slice(0, 19).replace("T", " ");
}

function field(parameter) {
  const input = make("input", { name: parameter.name, autocomplete: "off" });
  return make("label", {}, parameter.name, input, make("small", {}, parameter.description || ""));
}

async function send(path, form, hasReceipt, output) {
  let url = path.replace("{F}", encodeURIComponent(factory.value));
  const query = new URLSearchParams();
  for (const input of form.querySelectorAll("input")) {
    if (url.includes(`{${input.name}}`)) url = url.replace(`{${input.name}}`, encodeURIComponent(input.value));
    else if (input.value) query.set(input.name, input.value);
  }
  const headers = posAuth.value ? { "X-POS-Auth": posAuth.value } : {};
  const options = { method: "POST", headers, body: query };
  if (hasReceipt) {
    options.body = form.querySelector("textarea").value;
    headers["Content-Type"] = "application/json";
  }
  try {
    const answer = await fetch(url, options);
    output.textContent = `${answer.status} ${answer.statusText}\n${await answer.text()}`;
    output.className = answer.ok ? "" : "bad";
  } catch (error) {
    output.textContent = String(error);
    output.className = "bad";
  }
}

function endpoint(path, operation) {
  const form = make("form");
  for (const parameter of operation.parameters) {
    if (parameter.in !== "header" && parameter.name !== "F") form.append(field(parameter));
  }
  const hasReceipt = path.includes("/GetTXID/");
  if (hasReceipt) {
    const text = make("textarea", { name: "receipt", "aria-label": "JSON receipt", spellcheck: "false" });
    text.value = JSON.stringify({ ...SAMPLE, Time: tashkent() }, null, 1);
    form.append(text);
  }
  const output = make("pre", { "aria-live": "polite" });
  form.append(make("button", {}, "Send"), output);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(path, form, hasReceipt, output);
  });
  const summary = make("summary", {}, make("code", {}, path), make("span", {}, operation.summary));
  return make("details", {}, summary, form);
}

async function show() {
  const page = await (await fetch("/swagger/doc.json")).json();
  document.getElementById("about").textContent = page.info.description;
  const main = document.getElementById("endpoints");
  const groups = new Map();
  for (const [path, operations] of Object.entries(page.paths)) {
    const name = operations.post.tags[0];
    if (!groups.has(name)) {
      const section = make("section", {}, make("h2", {}, name));
      groups.set(name, section);
      main.append(section);
    }
    groups.get(name).append(endpoint(path, operations.post));
  }
  const modules = await (await fetch("/FiscalDrive/List", { method: "POST" })).json();
  const list = document.getElementById("factories");
  for (const one of modules) list.append(make("option", { value: one.FactoryID }, one.ReaderName));
  if (modules.length && !factory.value) factory.value = modules[0].FactoryID;
}

show().catch((error) => { document.getElementById("about").textContent = String(error); });
