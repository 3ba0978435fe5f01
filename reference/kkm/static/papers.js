// The tape: what was printed last, and the list of papers before it.

import { ask, at, moment } from "./ask.js";
import { tenge } from "./sums.js";

const SHOWN_DOCUMENTS = 20;
const NARROW = 32;
const NAMES = {
  SELL: "Продажа", SELL_RETURN: "Возврат продажи", BUY: "Покупка", BUY_RETURN: "Возврат покупки",
  DEPOSIT: "Внесение", WITHDRAWAL: "Изъятие", z: "Z-отчёт", x: "X-отчёт", info: "INFO",
  nomenclature: "Номенклатура", cancel: "Отмена чека",
};
const RETURNS = { SELL: "sell-return", BUY: "buy-return" };

const documents = new Map();
let seen = 0;
let current = 0;
let giveBack = () => {};

// What to do when a person wants a ticket given back: gets the paper and the key of its return.
export function onReturn(act) {
  giveBack = act;
}

export function title(paper) {
  return NAMES[paper.operation] || NAMES[paper.kind] || paper.kind;
}

export async function catchUp(printed) {
  if (printed < seen) { documents.clear(); seen = 0; current = 0; at("paper").hidden = true; at("no-paper").hidden = false; }
  const waiting = [...documents.values()].some((paper) => paper.delivery === "waiting");
  if (printed === seen && !waiting) { if (!printed) list(); return; }
  const after = Math.max(0, printed - SHOWN_DOCUMENTS);
  const found = await ask(`keys/documents?after=${after}&limit=${SHOWN_DOCUMENTS}`);
  const first = seen === 0;
  for (const paper of found.documents) await remember(paper, false);
  seen = Math.max(seen, printed);
  list();
  if (first && found.documents.length && !current) await showPaper(found.documents[found.documents.length - 1].number);
}

export async function remember(paper, redraw = true) {
  documents.set(paper.number, paper);
  seen = Math.max(seen, paper.number);
  if (redraw) list();
}

function list() {
  const rows = [...documents.values()].sort((one, other) => other.number - one.number).slice(0, SHOWN_DOCUMENTS);
  at("documents").replaceChildren(...rows.map(row));
}

function row(paper) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "show";
  button.setAttribute("aria-current", String(paper.number === current));
  const name = document.createElement("span");
  name.textContent = `№ ${paper.number} ${title(paper)}`;
  const when = document.createElement("small");
  const delivery = { waiting: " · ждёт отправки", removed: " · снят с очереди" }[paper.delivery] || "";
  when.textContent = moment(paper.time) + (paper.autonomous ? " · автономный" : "") + delivery;
  name.append(when);
  const total = document.createElement("span");
  total.textContent = paper.total ? tenge(paper.total) : "";
  button.append(name, total);
  button.addEventListener("click", () => showPaper(paper.number));
  item.append(button);
  if (RETURNS[paper.operation]) {
    const back = document.createElement("button");
    back.type = "button";
    back.className = "back";
    back.textContent = "Возврат";
    back.setAttribute("aria-label", `Возврат по чеку № ${paper.number}`);
    back.addEventListener("click", () => giveBack(paper, RETURNS[paper.operation]));
    item.append(back);
  }
  return item;
}

export async function showPaper(number) {
  const response = await fetch(`keys/documents/${number}/tape?width=${NARROW}`);
  if (!response.ok) return;
  current = number;
  at("tape").textContent = await response.text();
  at("paper").hidden = false;
  at("no-paper").hidden = true;
  const paper = documents.get(number);
  at("qr").hidden = !(paper && paper.qr);
  if (paper && paper.qr) at("qr").src = `keys/documents/${number}/qr.svg`;
  else at("qr").removeAttribute("src");
  list();
}
