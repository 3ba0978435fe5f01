// Settings, the shift, and the receipt that proves the chain.
import { get, patch, post } from "./api.js";
import { byId, fill, make, toast } from "./dom.js";
import { paperButtons } from "./paper.js";
import { say } from "./words.js";

const FIELDS = ["name", "stir", "address", "phone", "paper", "close_at", "apps", "printer", "printer_qr", "printer_pages"];
const CHOICES = { paper: ["58", "80"], apps: ["confirm", "wait", "fail"], printer_qr: ["raster", "native"], printer_pages: ["all", "866", "ascii"] };

export async function openOffice(rights) {
  const settings = await get("/settings"), may = (right) => rights.includes(right);
  fill(byId("settings-form"), ...FIELDS.flatMap((name) => {
    const input = CHOICES[name] ? make("select", { id: `set-${name}` }, ...CHOICES[name].map((value) => make("option", { value, textContent: say(`${name}-${value}`, value) }))) : make("input", { id: `set-${name}`, maxLength: 200, autocomplete: "off" });
    input.value = String(settings[name]);
    input.disabled = !may("settings");
    return [make("label", { htmlFor: input.id, textContent: say(name) }), input];
  }), make("p", {}, make("button", { className: "main", textContent: say("save"), disabled: !may("settings") })));
  const close = make("button", { type: "button", textContent: say("closeShift"), disabled: !may("shift"), on: { click: closeShift } });
  const { drive } = await get("/standing");
  const spoken = make("p", { id: "drive-spoken", textContent: `${say("spoken")}: ${drive.speaks} · ${drive.address}` });
  const silent = make("p", { id: "drive-unknown", hidden: !drive.unknown.length, textContent: `${say("notSaid")} ${drive.unknown.join(", ")}` });
  fill(byId("shift"), make("h2", { textContent: say("shift") }), close, spoken, silent, make("pre", { id: "z-report", hidden: true }));
  fill(byId("z-papers"), make("h2", { textContent: say("zReport") }), ...paperButtons("/shifts/last", "Z", "/shifts/last/print", may("shift")));
  await drawOwner(may("settings"));
  byId("prove").disabled = !may("settings");
}

// The owner's portal: a QR code for his camera, or the branch's login.
async function drawOwner(may) {
  const { report } = await get("/standing");
  byId("owner").hidden = report === null;
  if (report === null) return;
  const state = make("p", { textContent: report.linked ? `${say("ownerLinked")} · ${say("ownerWaits")} ${report.waiting}` : say("ownerNone") });
  const trouble = make("p", { className: "problem-text", textContent: report.trouble });
  const picture = make("img", { alt: "QR", width: 240, height: 240, hidden: true });
  const offer = make("button", { type: "button", textContent: say("ownerQr"), disabled: !may, on: { click: async () => {
    try {
      await post("/owner/offer");
      picture.src = (await get("/owner/qr")).picture;
      picture.hidden = false;
    } catch (error) {
      toast(error.message, true);
    }
  } } });
  const login = make("input", { id: "owner-login", autocomplete: "off", maxLength: 32 }), password = make("input", { id: "owner-password", type: "password", autocomplete: "off", maxLength: 128 });
  const link = make("button", { type: "button", textContent: say("ownerLogin"), disabled: !may, on: { click: async () => {
    try {
      await post("/owner/login", { login: login.value.trim(), password: password.value });
      password.value = "";
      toast(say("ownerLinked"));
      await drawOwner(may);
    } catch (error) {
      toast(error.message, true);
    }
  } } });
  fill(byId("owner"), make("h2", { textContent: say("owner") }), state, trouble, offer, picture,
    make("details", {}, make("summary", { textContent: say("ownerLogin") }), make("label", { htmlFor: login.id, textContent: say("ownerLoginName") }), login,
      make("label", { htmlFor: password.id, textContent: say("ownerPassword") }), password, make("p", {}, link)));
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
