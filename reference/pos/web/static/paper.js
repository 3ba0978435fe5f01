// Papers: a receipt or the Z-report as a picture, as PDF, and once more from the printer.
import { file, post } from "./api.js";
import { make, toast } from "./dom.js";
import { say } from "./words.js";

const asAddress = (blob) => new Promise((resolve) => {
  const reader = new FileReader();
  reader.addEventListener("load", () => resolve(reader.result));
  reader.readAsDataURL(blob);
});

// Buttons for the paper at `path` (without its ending) that `print` prints again, where this person may.
export function paperButtons(path, name, print, mayPrint = true) {
  const picture = make("img", { className: "paper", alt: say("receipt"), hidden: true });
  const tried = (act) => async (event) => {
    event.target.disabled = true;
    try {
      await act();
    } catch (error) {
      toast(error.message, true);
    }
    event.target.disabled = false;
  };
  const button = (word, act) => make("button", { type: "button", className: "quiet", textContent: say(word), on: { click: tried(act) } });
  const show = async () => {
    picture.src = await asAddress(await file(`${path}.png`));
    picture.hidden = false;
  };
  const save = async () => {
    const address = URL.createObjectURL(await file(`${path}.pdf`));
    make("a", { href: address, download: `TEST-${name}.pdf` }).click();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
  };
  const again = async () => {
    const asked = await post(print);
    toast(say(asked.copy ? "printsCopy" : "prints"));
  };
  return [make("div", { className: "row papers" }, button("asPicture", show), button("asPdf", save), mayPrint ? button("printAgain", again) : null), picture];
}

// What the cashier has to know of the printer: what is wrong, and papers that did not come out.
export function printerBits(printer, bit) {
  if (!printer || printer.printer === "none") return;
  if (printer.trouble) bit(`${say("printerTrouble")}: ${printer.trouble}`, "bad");
  if (printer.waiting) bit(`${say("printerWaits")} ${printer.waiting}`, "warn");
  if (printer.lost) bit(`${say("printerLost")} ${printer.lost}`, "warn");
}
