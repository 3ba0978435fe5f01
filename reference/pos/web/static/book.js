// All orders, newest first, and what can be done with each.
import { get, post } from "./api.js";
import { ask, byId, fill, make, toast } from "./dom.js";
import { receiptDialog } from "./pay.js";
import { showOrder } from "./sale.js";
import { money, quantity, say, spoken } from "./words.js";

const STATES = ["", "open", "confirmed", "completed", "cancelled"];
let state = "", goTo = () => {};
export function whenTaken(act) { goTo = act; }

export async function openBook() {
  fill(byId("states"), ...STATES.map((each) => make("button", { type: "button", textContent: each ? say(each) : say("all"), "aria-pressed": String(each === state),
    on: { click: () => { state = each; openBook(); } } })));
  const orders = await get(state ? `/orders?state=${state}` : "/orders");
  fill(byId("order-list"), ...orders.map((order) => make("li", {}, make("button", { type: "button", on: { click: () => details(order) } },
    make("b", { textContent: `${order.number}${order.refund_of ? ` · ${say("refund")}` : ""}` }), make("span", { className: `state ${order.state}`, textContent: say(order.state) }),
    make("span", { textContent: when(order.opened) }), make("span", { className: "sum", textContent: `${order.refund_of ? "−" : ""}${money(order.total)}` }),
    make("span", { textContent: order.place_name || say("counter") })))), orders.length ? null : make("li", { className: "nothing", textContent: say("nothing") }));
}

const when = (moment) => new Intl.DateTimeFormat(spoken() === "ru" ? "ru" : "uz", { timeZone: "Asia/Tashkent", day: "2-digit", month: "2-digit", hour: "2-digit", minute: "2-digit" }).format(new Date(moment));

async function details(order) {
  const closed = ["completed", "cancelled"].includes(order.state);
  const receipt = order.state === "completed" ? await receiptDialog(order) : [];
  const lines = make("ul", { className: "lines" }, ...order.lines.map((line) => make("li", {}, make("span", { className: "name", textContent: line.name }), make("span", { textContent: `× ${quantity(line.amount)}` }), make("span", { className: "sum", textContent: money(line.sum) }))));
  const chosen = await ask(make("h2", { textContent: `${order.number} · ${say(order.state)}` }), make("p", { textContent: [when(order.opened), order.place_name, order.reason].filter(Boolean).join(" · ") }), lines, ...receipt,
    make("div", { className: "row" },
      closed ? null : make("button", { className: "main", value: "take", textContent: say("sale") }),
      order.state === "completed" && !order.refund_of ? make("button", { className: "grave", value: "refund", textContent: say("refund") }) : null,
      make("button", { className: "quiet", value: "", textContent: say("close") })));
  if (chosen === "take") { showOrder(order); goTo("sale"); }
  if (chosen === "refund") await refund(order);
}

async function refund(order) {
  try {
    const left = await get(`/orders/${order.id}/left`);
    const rows = left.filter((each) => each.amount > 0).map((each) => {
      const line = order.lines[each.line];
      return { ...each, name: line ? line.name : say("surcharge"), box: make("input", { type: "checkbox", checked: true, id: `back-${each.line}` }) };
    });
    const chosen = await ask(make("h2", { textContent: `${say("refund")} ${order.number}` }), ...rows.map((row) => make("label", { htmlFor: row.box.id }, row.box, ` ${row.name} × ${quantity(row.amount)}`)),
      rows.length ? null : make("p", { className: "nothing", textContent: say("nothing") }),
      make("div", { className: "row" }, rows.length ? make("button", { className: "grave", value: "yes", textContent: say("refund") }) : null, make("button", { className: "quiet", value: "", textContent: say("back") })));
    const lines = rows.filter((row) => row.box.checked).map(({ line, amount }) => ({ line, amount }));
    if (chosen !== "yes" || !lines.length) return;
    const made = await post(`/orders/${order.id}/refund`, { lines });
    toast(`${say("refunded")}: ${money(made.total)} ${say("sum")}`);
    await openBook();
  } catch (error) {
    toast(error.message, true);
  }
}
