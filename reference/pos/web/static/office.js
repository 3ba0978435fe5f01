// Settings, the shift, and the receipt that proves the chain.
import { get, patch, post } from "./api.js";
import { byId, fill, make, toast } from "./dom.js";
import { say } from "./words.js";

const FIELDS = ["name", "stir", "address", "phone", "paper", "close_at", "apps"];
const CHOICES = { paper: ["58", "80"], apps: ["confirm", "wait", "fail"] };

export async function openOffice(rights) {
  const settings = await get("/settings"), may = (right) => rights.includes(right);
  fill(byId("settings-form"), ...FIELDS.flatMap((name) => {
    const input = CHOICES[name] ? make("select", { id: `set-${name}` }, ...CHOICES[name].map((value) => make("option", { value, textContent: name === "apps" ? say(`apps-${value}`) : value }))) : make("input", { id: `set-${name}`, maxLength: 200, autocomplete: "off" });
    input.value = String(settings[name]);
    input.disabled = !may("settings");
    return [make("label", { htmlFor: input.id, textContent: say(name) }), input];
  }), make("p", {}, make("button", { className: "main", textContent: say("save"), disabled: !may("settings") })));
  const close = make("button", { type: "button", textContent: say("closeShift"), disabled: !may("shift"), on: { click: closeShift } });
  fill(byId("shift"), make("h2", { textContent: say("shift") }), close, make("pre", { id: "z-report", hidden: true }));
  byId("prove").disabled = !may("settings");
}

async function closeShift(event) {
  event.target.disabled = true;
  try {
    const report = await post("/shift/close");
    const shown = byId("z-report");
    shown.textContent = Object.entries(report).map(([name, value]) => `${name}: ${typeof value === "object" ? JSON.stringify(value) : value}`).join("\n");
    shown.hidden = false;
    toast(say("closed"));
  } catch (error) {
    toast(error.message, true);
  }
  event.target.disabled = false;
}

byId("settings-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const change = Object.fromEntries(FIELDS.map((name) => [name, byId(`set-${name}`).value.trim()]));
  try {
    await patch("/settings", { ...change, paper: Number(change.paper) });
    toast(say("saved"));
  } catch (error) {
    toast(error.message, true);
  }
});
byId("prove").addEventListener("click", async (event) => {
  event.target.disabled = true;
  try {
    const fiscal = await post("/test-receipt");
    byId("proof-result").textContent = `${fiscal.terminal} · № ${fiscal.number} · ${fiscal.sign}\n${fiscal.address}`;
    byId("proof-result").hidden = false;
  } catch (error) {
    toast(error.message, true);
  }
  event.target.disabled = false;
});
