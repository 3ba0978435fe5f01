// The page presses the same keys as any program: POST keys/<key>.

import { ask, at, moment, show } from "./ask.js";
import { catchUp, onReturn, remember, showPaper, title } from "./papers.js";
import { amountSent, amountText, lineSum, parsed, spent, tenge } from "./sums.js";

const LOOK_EVERY = 2000;
const MODES = {
  START: ["Запуск", "Іске қосылуда", "warn"],
  ONLINE: ["На связи", "Желіде", "good"],
  OFFLINE: ["Автономно", "Автономды", "warn"],
  OFFLINE_EXPIRED: ["Автономный срок вышел", "Автономды мерзім бітті", "grave"],
  QUEUE_BLOCKED: ["Очередь остановлена", "Кезек тоқтады", "grave"],
  SERVER_BLOCKED: ["Заблокирована ОФД", "ФДО бұғаттаған", "grave"],
  TOKEN_INVALID: ["Нужен токен", "Токен керек", "grave"],
  HALTED: ["Остановлена", "Тоқтатылған", "grave"],
};

const lines = [];
let busy = 0;

function sumOf(id, what) {
  const text = at(id).value.trim();
  if (text === "") return null;
  at(id).classList.remove("wrong");
  try {
    return parsed(text, 2, what);
  } catch (error) {
    at(id).classList.add("wrong");
    throw error;
  }
}

// --- speaking to the register

async function press(key, order, button, remark = "", taken = () => {}) {
  if (button) { button.disabled = true; button.classList.add("busy"); }
  busy += 1;
  show("", "");
  try {
    const answer = await ask(`keys/${key}`, order);
    const paper = answer.document;
    // Before the list shows it: a person may choose what comes next at once.
    if (answer.outcome !== "refused") taken();
    if (paper) { await remember(paper); await showPaper(paper.number); }
    if (answer.outcome === "refused") {
      const code = answer.code ? ` (код ${answer.code})` : "";
      show(`Отказано${code}: ${answer.text}`, "problem", answer.findings);
    } else {
      const name = paper ? `${title(paper)} № ${paper.number}: ` : "";
      const done = answer.outcome === "queued" ? "принято автономно, ждёт отправки." : "готово.";
      show(`${name}${done}${answer.text ? ` ${answer.text}` : ""}${remark}`, answer.outcome === "queued" ? "warning" : "", answer.findings);
    }
    return answer.outcome !== "refused";
  } catch (error) {
    show(error.message, "problem");
    return false;
  } finally {
    busy -= 1;
    if (button) { button.disabled = false; button.classList.remove("busy"); }
    await look();
    count();
  }
}

// --- what the register shows

async function look() {
  let state;
  try {
    state = await ask("keys/state");
  } catch (error) {
    at("mode").textContent = error.message;
    at("mode").className = "mode grave";
    return;
  }
  const [ru, kk, kind] = MODES[state.mode] || [state.mode, "", "grave"];
  at("mode").replaceChildren(`${ru} `, kazakh(kk));
  at("mode").className = `mode ${kind}`;
  at("mode").dataset.mode = state.mode;
  at("queue").textContent = state.queue.length + (state.in_flight ? " + 1 в пути" : "");
  at("left").textContent = state.offline_left_seconds === null ? "—" : spent(state.offline_left_seconds);
  at("shift").textContent = state.shift.open ? `№ ${state.shift.number}, ${spent(state.shift.hours * 3600)}` : `№ ${state.shift.number} не открыта`;
  at("cash").textContent = tenge(state.cash);
  at("time").textContent = moment(state.time);
  put("refused", state.refused);
  put("warning", state.warning);
  at("token-known").textContent = state.token_known ? "Токен введён" : "Токен не введён";
  if (document.activeElement !== at("server")) at("server").value = state.server;
  at("device").textContent = state.device_id;
  at("version").textContent = state.version;
  at("reqnum").textContent = state.reqnum;
  at("last").textContent = state.last ? `${state.last.code} ${state.last.text || ""}` : "—";
  at("remove-head").hidden = state.mode !== "QUEUE_BLOCKED";
  at("service-reset").hidden = state.mode !== "HALTED";
  await catchUp(state.printed || 0);
}

function put(id, text) {
  at(id).textContent = text || "";
  at(id).hidden = !text;
}

function kazakh(text) {
  const place = document.createElement("span");
  place.className = "kk";
  place.lang = "kk";
  place.textContent = text;
  return place;
}

// --- the ticket being made

function giveBack(paper, key) {
  choose(key);
  at("parent-number").value = paper.sign;
  at("parent-time").value = moment(paper.time);
  at("parent-total").value = amountText(BigInt(paper.total) * 10n);
  at("parent-rnm").value = "";
  at("parent-offline").checked = paper.autonomous;
  show(`Возврат по чеку № ${paper.number}: добавьте возвращаемые товары и пробейте чек.`, "warning");
  at("sale").scrollIntoView({ block: "start" });
}

const operation = () => document.querySelector('input[name="operation"]:checked').value;

function choose(key) {
  document.querySelector(`input[name="operation"][value="${key}"]`).checked = true;
  at("parent").hidden = !key.endsWith("-return");
}

function add(line) {
  const same = lines.find((one) => one.name === line.name && one.price === line.price && one.vat === line.vat && one.section === line.section && one.unit === line.unit);
  if (same) same.quantity += line.quantity;
  else lines.push(line);
  draw();
}

function draw() {
  at("empty").hidden = lines.length > 0;
  at("lines").replaceChildren(...lines.map(drawLine));
  count();
}

function drawLine(line) {
  const item = document.createElement("li");
  const name = document.createElement("span");
  name.className = "name";
  name.textContent = line.name;
  const price = document.createElement("small");
  price.textContent = `${tenge(line.price)} · ${line.vat === null ? "без НДС" : `НДС ${line.vat} %`}`;
  name.append(price);
  const amount = document.createElement("span");
  amount.className = "amount";
  const input = document.createElement("input");
  input.value = amountText(line.quantity);
  input.inputMode = "decimal";
  input.setAttribute("aria-label", `Количество: ${line.name}`);
  input.addEventListener("change", () => {
    try {
      const wanted = parsed(input.value, 3, "Количество");
      if (wanted > 0n) line.quantity = wanted;
    } catch (error) { show(error.message, "problem"); }
    draw();
  });
  amount.append(step(line, -1000n, "−", "Меньше"), input, step(line, 1000n, "+", "Больше"));
  const total = document.createElement("span");
  total.className = "sum";
  total.textContent = tenge(lineSum(line));
  const drop = document.createElement("button");
  drop.type = "button";
  drop.className = "drop";
  drop.textContent = "✕";
  drop.setAttribute("aria-label", `Убрать: ${line.name}`);
  drop.addEventListener("click", () => { lines.splice(lines.indexOf(line), 1); draw(); });
  item.append(name, amount, total, drop);
  return item;
}

function step(line, by, sign, label) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = sign;
  button.setAttribute("aria-label", `${label}: ${line.name}`);
  button.addEventListener("click", () => {
    if (line.quantity + by > 0n) line.quantity += by;
    draw();
  });
  return button;
}

function order() {
  const discount = sumOf("discount", "Скидка") || 0n;
  const markup = sumOf("markup", "Наценка") || 0n;
  const total = lines.reduce((sum, line) => sum + lineSum(line), 0n) - discount + markup;
  const card = sumOf("card", "Картой") || 0n;
  const mobile = sumOf("mobile", "Мобильный") || 0n;
  const cash = total - card - mobile;
  const taken = sumOf("taken", "Получено наличными");
  const made = {
    items: lines.map((line) => ({ ...line, quantity: amountSent(line.quantity) })),
    payments: [["cash", cash], ["card", card], ["mobile", mobile]].filter(([, sum]) => sum > 0n).map(([type, sum]) => ({ type, sum })),
  };
  if (discount) made.discount = discount;
  if (markup) made.markup = markup;
  if (cash > 0n) made.taken = taken ?? cash;
  if (at("iin").value.trim()) made.customer_iin = at("iin").value.trim();
  return { made, total, cash, change: taken === null ? 0n : taken - cash };
}

function count() {
  let whole;
  try {
    whole = order();
  } catch {
    at("make").disabled = true;
    return;
  }
  at("total").textContent = tenge(whole.total);
  const short = whole.cash < 0n || whole.change < 0n;
  at("change").textContent = whole.cash < 0n ? "оплачено больше итога" : whole.change < 0n ? `не хватает ${tenge(-whole.change)}` : tenge(whole.change);
  at("make").disabled = busy > 0 || lines.length === 0 || short;
}

function isoTime(text) {
  const found = /^(\d{2})\.(\d{2})\.(\d{4})[ T]+(\d{2}:\d{2})(:\d{2})?$/.exec(text);
  if (!found) throw new Error(`Время чека: «${text}» не подходит, пишите 31.12.2026 18:05:00.`);
  return `${found[3]}-${found[2]}-${found[1]}T${found[4]}${found[5] || ":00"}`;
}

function parent() {
  const wanted = (id, what) => {
    const text = at(id).value.trim();
    if (!text) throw new Error(`Возврат: не указано «${what}».`);
    return text;
  };
  const rnm = at("parent-rnm").value.trim();
  return {
    number: wanted("parent-number", "Признак чека"),
    time: isoTime(wanted("parent-time", "Время чека")),
    total: parsed(wanted("parent-total", "Итог чека"), 2, "Итог чека"),
    offline: at("parent-offline").checked,
    ...(rnm ? { rnm } : {}),
  };
}

function clear() {
  lines.length = 0;
  for (const id of ["discount", "markup", "card", "mobile", "taken", "iin", "parent-number", "parent-time", "parent-total", "parent-rnm"]) {
    at(id).value = "";
    at(id).classList.remove("wrong");
  }
  at("parent-offline").checked = false;
  choose("sell");
  draw();
}

// --- what a person touches

function trying(act) {
  return async (event) => {
    try {
      await act(event);
    } catch (error) { show(error.message, "problem"); }
  };
}

at("sale").addEventListener("submit", trying(async (event) => {
  event.preventDefault();
  if (at("make").disabled) return;
  const { made, change } = order();
  if (operation().endsWith("-return") && (at("parent-number").value.trim() || at("parent-total").value.trim())) made.parent = parent();
  const remark = change > 0n ? ` Сдача ${tenge(change)}.` : "";
  await press(operation(), made, at("make"), remark, clear);
}));
at("sale").addEventListener("input", (event) => {
  if (event.target.name === "operation") choose(event.target.value);
  count();
});
at("clear").addEventListener("click", clear);
for (const button of document.querySelectorAll(".goods button")) {
  const { name, price, section, unit, vat } = button.dataset;
  button.querySelector(".sum").textContent = tenge(price);
  button.addEventListener("click", () => add({ name, price: BigInt(price), quantity: 1000n, section, unit, vat: vat === "" ? null : Number(vat) }));
}
at("other-add").addEventListener("click", trying(async () => {
  const name = at("other-name").value.trim();
  if (!name) throw new Error("Другой товар: впишите название.");
  const quantity = parsed(at("other-quantity").value, 3, "Количество");
  if (quantity === 0n) throw new Error("Количество: не может быть нулём.");
  const vat = at("other-vat").value;
  add({ name, price: parsed(at("other-price").value, 2, "Цена"), quantity, section: at("other-section").value.trim() || "1", unit: at("other-unit").value, vat: vat === "" ? null : Number(vat) });
  for (const id of ["other-name", "other-price"]) at(id).value = "";
  at("other-quantity").value = "1";
}));
for (const button of document.querySelectorAll("[data-money]")) {
  button.addEventListener("click", trying(async () => {
    const sum = sumOf("money", "Сумма");
    if (!sum) throw new Error("Впишите сумму больше нуля.");
    if (await press(button.dataset.money, { sum }, button)) at("money").value = "";
  }));
}
for (const button of document.querySelectorAll("[data-key]")) {
  button.addEventListener("click", () => {
    if (!button.dataset.ask || window.confirm(button.dataset.ask)) press(button.dataset.key, {}, button);
  });
}
at("message").addEventListener("click", () => { at("message").hidden = true; });
at("z").addEventListener("click", () => {
  if (window.confirm("Закрыть смену?")) press("z", { withdraw: at("z-withdraw").checked }, at("z"));
});
at("token-send").addEventListener("click", trying(async () => {
  const text = at("token").value.trim();
  if (!/^\d{1,10}$/.test(text)) throw new Error("Токен: число до десяти цифр.");
  if (await press("token", { token: Number(text) }, at("token-send"))) at("token").value = "";
}));
at("server-send").addEventListener("click", () => press("address", { server: at("server").value.trim() }, at("server-send")));

// Enter does what stands beside the field: a good half typed in must not sell the ticket.
for (const [fields, button] of [["#other input, #other select", "other-add"], ["#token", "token-send"], ["#server", "server-send"]]) {
  for (const field of document.querySelectorAll(fields)) {
    field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      at(button).click();
    });
  }
}

async function watch() {
  if (!busy && !document.hidden) await look();
  window.setTimeout(watch, LOOK_EVERY);
}

onReturn(giveBack);
choose("sell");
draw();
watch();
