// The order screen: goods on the left, the order on the right.
import { get, patch, post } from "./api.js";
import { ask, byId, fill, make, toast } from "./dom.js";
import { payDialog } from "./pay.js";
import { money, quantity, say, tiyin } from "./words.js";

let order = null, products = [], category = "", places = [], rights = [], loaded = Promise.resolve();
const KEPT = "kassalab-pos-order";

export async function openSale(allowed) {
  rights = allowed;
  const goods = get("/products");
  // What a scanner types before they are there waits for them; that they did not come is said by whoever asked.
  loaded = goods.then((found) => { products = found; }, () => undefined);
  [products, places] = await Promise.all([goods, get("/places")]);
  const kept = sessionStorage.getItem(KEPT);
  if (kept && !order) {
    const found = await get(`/orders/${kept}`).catch(() => null);
    if (found && ["open", "confirmed"].includes(found.state)) order = found;
  }
  draw();
}
export function showOrder(found) { order = found; draw(); }
export function forgetOrder() { order = null; sessionStorage.removeItem(KEPT); }

export function draw() {
  drawGoods();
  drawOrder();
}

function drawGoods() {
  const names = [...new Set(products.map((each) => each.category).filter(Boolean))];
  const chip = (key, text) => make("button", { type: "button", textContent: text, "aria-pressed": String(category === key),
    on: { click: () => { category = key; drawGoods(); } } });
  fill(byId("categories"), chip("", say("all")), ...names.map((name) => chip(name, name)));
  const wanted = byId("search").value.trim().toLowerCase();
  const shown = products.filter((each) => (!category || each.category === category)
    && (!wanted || each.name.toLowerCase().includes(wanted) || each.barcode === wanted));
  fill(byId("goods"), ...shown.map((each) => make("button", { type: "button", on: { click: () => add(each) } },
    make("span", { textContent: each.name }),
    make("span", {}, make("span", { className: "price", textContent: `${money(each.price)} ` }),
      make("small", { textContent: each.stock === null ? "∞" : `${quantity(each.stock)} ${each.unit}` })))),
  shown.length ? null : make("p", { className: "nothing", textContent: say("nothing") }));
}

function drawOrder() {
  byId("order-title").textContent = order ? `${order.number} · ${say(order.state)}` : say("new");
  const place = byId("place");
  fill(place, make("option", { value: "", textContent: say("counter") }),
    ...places.map((each) => make("option", { value: String(each.id), textContent: each.name })));
  place.value = order?.place ? String(order.place) : "";
  const lines = order?.lines ?? [];
  fill(byId("lines"), ...lines.map(drawLine), lines.length ? null : make("li", { className: "nothing", textContent: say("empty") }));
  const rows = order ? [["goods", order.goods], ["discount", lines.reduce((all, line) => all - line.discount, -order.discount)], ["surcharge", order.surcharge]] : [];
  fill(byId("sums"), ...rows.filter(([key, sum]) => sum || key === "goods").flatMap(([key, sum]) => [make("dt", { textContent: say(key) }), make("dd", { textContent: money(sum) })]),
    make("dt", { className: "total", textContent: say("total") }), make("dd", { className: "total", textContent: `${money(order?.total ?? 0)} ${say("sum")}` }));
  const may = (right) => rights.includes(right);
  byId("pay").disabled = !lines.length || !may("pay");
  byId("confirm").disabled = !lines.length || order.state !== "open" || !may("confirm");
  byId("discount").disabled = !lines.length || !may("discount");
  byId("cancel").disabled = !order || !(may("cancel") || order.state === "open");
}

function drawLine(line) {
  const change = (amount) => act(() => patch(`/orders/${order.id}/lines/${line.id}`, { amount }));
  const button = (text, amount, name) => make("button", { type: "button", textContent: text, "aria-label": `${name}: ${line.name}`, disabled: Boolean(line.label) && amount > 0, on: { click: () => change(amount) } });
  return make("li", {},
    make("span", { className: "name" }, line.name, make("small", { textContent: line.label || `${money(line.price)} × ${quantity(line.amount)}${line.discount ? ` − ${money(line.discount)}` : ""}` })),
    make("span", { className: "amount" }, button("−", Math.max(0, line.amount - 1000), "−"), make("span", { textContent: quantity(line.amount) }), button("+", line.amount + 1000, "+")),
    make("span", { className: "sum", textContent: money(line.sum) }));
}

async function act(work) {
  try {
    const answer = await work();
    if (answer?.id) order = answer;
    if (order) sessionStorage.setItem(KEPT, order.id);
  } catch (error) {
    toast(error.message, true);
  }
  drawOrder();
}

async function add(product) {
  let label = "";
  if (product.marked) {
    const field = make("input", { id: "label", autocomplete: "off", maxLength: 255 });
    const chosen = await ask(make("h2", { textContent: product.name }), make("label", { htmlFor: "label", textContent: say("labelAsk") }), field,
      make("div", { className: "row" }, make("button", { className: "main", value: "add", textContent: say("add") }), make("button", { className: "quiet", value: "", textContent: say("back") })));
    if (chosen !== "add" || !field.value.trim()) return;
    label = field.value.trim();
  }
  await act(async () => {
    order ??= await post("/orders", { place: byId("place").value ? Number(byId("place").value) : null });
    return post(`/orders/${order.id}/lines`, { product: product.id, label });
  });
}

byId("search").addEventListener("input", drawGoods);
byId("search").addEventListener("keydown", async (event) => {
  if (event.key !== "Enter") return;
  // A scanner types the barcode and Enter, perhaps before the goods are there.
  const field = event.target, typed = field.value.trim();
  await loaded;
  const found = products.find((each) => each.barcode && each.barcode === typed);
  if (!found) return;
  if (field.value.trim() === typed) field.value = "";
  drawGoods();
  await add(found);
});
byId("place").addEventListener("change", (event) => {
  const place = event.target.value ? Number(event.target.value) : null;
  if (order) act(() => post(`/orders/${order.id}/place`, { place }));
});
byId("confirm").addEventListener("click", () => act(() => post(`/orders/${order.id}/confirm`)));
byId("new").addEventListener("click", () => { forgetOrder(); drawOrder(); });
byId("cancel").addEventListener("click", async () => {
  const field = make("input", { id: "reason", maxLength: 255, autocomplete: "off" });
  const chosen = await ask(make("h2", { textContent: say("cancel") }), make("label", { htmlFor: "reason", textContent: say("reason") }), field,
    make("div", { className: "row" }, make("button", { className: "grave", value: "yes", textContent: say("cancel") }), make("button", { className: "quiet", value: "", textContent: say("back") })));
  if (chosen !== "yes") return;
  await act(() => post(`/orders/${order.id}/cancel`, { reason: field.value }));
  if (order.state === "cancelled") forgetOrder();
  drawOrder();
});
byId("discount").addEventListener("click", async () => {
  const field = make("input", { id: "sum", inputMode: "decimal", autocomplete: "off" });
  const chosen = await ask(make("h2", { textContent: say("discount") }), make("label", { htmlFor: "sum", textContent: say("sum") }), field,
    make("div", { className: "row" }, make("button", { className: "main", value: "yes", textContent: say("yes") }), make("button", { className: "quiet", value: "", textContent: say("back") })));
  const sum = tiyin(field.value || "0");
  if (chosen === "yes" && sum !== null) await act(() => post(`/orders/${order.id}/discount`, { discount: sum }));
});
byId("pay").addEventListener("click", async () => {
  const paid = await payDialog(order);
  if (!paid) return;
  if (paid.order.state === "completed") {
    toast(`${say("paid")}: ${money(paid.order.total)} ${say("sum")}${paid.change ? ` · ${say("change")} ${money(paid.change)}` : ""}`);
    forgetOrder();
  } else order = paid.order;
  products = await get("/products");
  draw();
});
