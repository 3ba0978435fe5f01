// How an order is paid: one kind with a tap, or several together.
import { get, post } from "./api.js";
import { ask, byId, fill, make, toast } from "./dom.js";
import { paperButtons } from "./paper.js";
import { money, say, tiyin } from "./words.js";

const KINDS = ["cash", "card", "click", "payme", "uzum"];

export async function payDialog(order) {
  const fields = Object.fromEntries(KINDS.map((kind) => [kind, make("input", { id: `pay-${kind}`, inputMode: "decimal", autocomplete: "off" })]));
  const sum = (kind) => tiyin(fields[kind].value || "0") ?? 0;
  const told = make("p", { role: "status" }), go = make("button", { type: "button", className: "main", textContent: say("take") });
  let paid = null, busy = false;
  const refresh = () => {
    const all = KINDS.reduce((total, kind) => total + sum(kind), 0), rest = order.total - all;
    told.textContent = rest > 0 ? `${say("left")}: ${money(rest)}` : rest < 0 ? `${say("change")}: ${money(-rest)}` : "";
    go.disabled = busy || rest > 0;
    for (const kind of KINDS) taps[kind].setAttribute("aria-pressed", String(sum(kind) > 0));
  };
  const taps = Object.fromEntries(KINDS.map((kind) => [kind, make("button", { type: "button", className: "quiet", textContent: say(kind), on: { click: () => whole(kind) } })]));
  const whole = (kind) => { for (const each of KINDS) fields[each].value = ""; fields[kind].value = money(order.total); refresh(); };
  go.addEventListener("click", async () => {
    if (busy) return;
    busy = true;
    refresh();
    const payments = KINDS.filter((kind) => sum(kind)).map((kind) => ({ kind, amount: sum(kind) }));
    try {
      paid = await post(`/orders/${order.id}/pay`, { payments: payments.length ? payments : [{ kind: "cash", amount: 0 }] });
      byId("dialog").close("paid");
    } catch (error) {
      toast(error.message, true);
      busy = false;
      refresh();
    }
  });
  for (const field of Object.values(fields)) field.addEventListener("input", refresh);
  whole("cash");
  await ask(make("h2", { textContent: `${say("pay")} · ${money(order.total)} ${say("sum")}` }),
    make("div", { className: "row taps" }, ...Object.values(taps)),
    make("details", {}, make("summary", { textContent: say("mixed") }), ...KINDS.flatMap((kind) => [make("label", { htmlFor: `pay-${kind}`, textContent: say(kind) }), fields[kind]])),
    told, make("div", { className: "row" }, go, make("button", { className: "quiet", value: "", textContent: say("back") })));
  if (paid && paid.order.state !== "completed") await waitForApp(paid);
  return paid;
}

async function waitForApp(paid) {
  const waiting = paid.payments.filter((each) => each.state === "pending");
  for (const payment of waiting) {
    const chosen = await ask(make("h2", { textContent: say("pendingPay") }), make("p", { textContent: `${say(payment.kind)} · ${money(payment.amount)} ${say("sum")}` }),
      make("div", { className: "row" }, make("button", { className: "main", value: "yes", textContent: say("confirmPay") }), make("button", { className: "grave", value: "no", textContent: say("failPay") }), make("button", { className: "quiet", value: "", textContent: say("close") })));
    if (!chosen) return;
    try {
      paid.order = await post(`/payments/${payment.id}/answer`, { confirmed: chosen === "yes" });
    } catch (error) {
      toast(error.message, true);
    }
  }
}

export async function receiptDialog(order) {
  const box = make("div"), note = make("p");
  const show = async () => {
    try {
      const fiscal = await get(`/orders/${order.id}/fiscal`);
      note.textContent = fiscal.state === "waiting" ? say("waiting") : fiscal.state === "refused" ? `${say("refused")}: ${fiscal.reason}` : say(fiscal.acknowledged ? "acknowledged" : "notAcknowledged");
      if (fiscal.state === "done") fill(box, make("pre", { textContent: (await get(`/orders/${order.id}/paper`)).text }), ...paperButtons(`/orders/${order.id}/receipt`, order.id, `/orders/${order.id}/print`));
    } catch (error) {
      note.textContent = error.message;
    }
  };
  await show();
  return [note, box];
}
