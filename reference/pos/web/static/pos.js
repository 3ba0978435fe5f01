// The page of the point of sale: the door, the tabs, and where things stand.
import { call, get, keep, post, session } from "./api.js";
import { openBook, whenTaken } from "./book.js";
import { byId, fill, make, toast } from "./dom.js";
import { openOffice } from "./office.js";
import { printerBits } from "./paper.js";
import { draw, forgetOrder, openSale } from "./sale.js";
import { other, say, speak, switchLanguage } from "./words.js";

let me = null, tab = "sale", chosen = null;

async function door() {
  me = null;
  byId("desk").hidden = true;
  byId("leave").hidden = true;
  byId("door").hidden = false;
  byId("pin").hidden = true;
  byId("who").textContent = "";
  const people = await get("/people");
  fill(byId("people"), ...people.map((each) => make("button", { type: "button", on: { click: () => askPin(each) } }, make("span", { textContent: each.name }), make("small", { textContent: say(each.role) }))));
  byId("people").hidden = false;
}

function askPin(person) {
  chosen = person;
  byId("people").hidden = true;
  byId("pin").hidden = false;
  byId("pin-name").textContent = person.name;
  byId("pin-problem").textContent = "";
  byId("pin-field").value = "";
  byId("pin-field").focus();
}

async function inside() {
  me = await get("/me");
  byId("door").hidden = true;
  byId("desk").hidden = false;
  byId("leave").hidden = false;
  byId("who").textContent = `${me.name} · ${say(me.role)}`;
  await openTab(tab);
}

async function openTab(name) {
  tab = name;
  for (const button of document.querySelectorAll("[data-tab]")) {
    if (button.dataset.tab === name) button.setAttribute("aria-current", "page");
    else button.removeAttribute("aria-current");
  }
  for (const section of ["sale", "orders", "settings"]) byId(section).hidden = section !== name;
  try {
    if (name === "sale") await openSale(me.rights);
    else if (name === "orders") await openBook();
    else await openOffice(me.rights);
  } catch (error) {
    await failed(error);
  }
}
whenTaken(openTab);

async function failed(error) {
  if (error.status === 401) { keep(""); await door().catch((other_) => toast(other_.message, true)); return; }
  toast(error.message, true);
}

const left = (seconds) => `${Math.floor(seconds / 3600)} ${say("hours")} ${Math.floor((seconds % 3600) / 60)} ${say("minutes")}`;

function drawStanding(standing) {
  const { drive } = standing, bits = [];
  const bit = (text, kind = "") => bits.push(make("span", { className: kind, textContent: text }));
  if (!drive.reachable || !drive.terminal) bit(`${say("gone")}`, "bad");
  else {
    bit(drive.terminal);
    if (drive.locked) bit(say("locked"), "bad");
    bit(drive.shift_opened ? `${say("shiftOpen")} ${drive.shift_opened.slice(0, 16)}` : say("shiftClosed"));
    if (drive.unsent) {
      const known = drive.seconds_left !== null;
      bit(`${say("unsent")} ${drive.unsent} · ${known ? `${left(drive.seconds_left)} ${say("until")}` : say("untilUnknown")}`, known && drive.seconds_left < 12 * 3600 ? "bad" : "warn");
    }
    if (drive.unsent === null) bit(say("unsentUnknown"), "warn");
  }
  if (standing.waiting) bit(`${say("waits")} ${standing.waiting}`, "warn");
  printerBits(standing.printer, bit);
  fill(byId("standing"), ...bits);
  const warnings = [drive.shift_is_yesterdays ? say("yesterday") : "", standing.trouble].filter(Boolean);
  byId("warning").textContent = warnings.join(" · ");
  byId("warning").hidden = !warnings.length;
}

async function look() {
  if (session && me) {
    try {
      drawStanding(await get("/standing"));
    } catch (error) {
      if (error.status === 401) await failed(error);
      else fill(byId("standing"), make("span", { className: "bad", textContent: error.message }));
    }
  }
  setTimeout(look, 1000);
}

byId("pin").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    const come = await post("/sessions", { employee: chosen.id, pin: byId("pin-field").value });
    keep(come.session);
    await inside();
  } catch (error) {
    byId("pin-problem").textContent = error.message;
    byId("pin-field").value = "";
    byId("pin-field").focus();
  }
});
byId("pin-back").addEventListener("click", () => door());
fill(byId("pad"), ..."123456789⌫0".split("").map((key) => make("button", { type: "button", textContent: key, "aria-label": key === "⌫" ? "←" : key, on: { click: () => {
  const field = byId("pin-field");
  field.value = key === "⌫" ? field.value.slice(0, -1) : (field.value + key).slice(0, 6);
} } })));
byId("leave").addEventListener("click", async () => {
  await call("DELETE", "/sessions").catch(() => null);
  keep("");
  forgetOrder();
  await door();
});
byId("language").addEventListener("click", () => {
  switchLanguage();
  words();
  if (me) { byId("who").textContent = `${me.name} · ${say(me.role)}`; openTab(tab); draw(); } else door();
});
for (const button of document.querySelectorAll("[data-tab]")) button.addEventListener("click", () => openTab(button.dataset.tab));

function words() { speak(); byId("language").textContent = other(); }
words();
(session ? inside() : door()).catch(failed);
look();
