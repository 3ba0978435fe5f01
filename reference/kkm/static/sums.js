// Money in whole tiyn and quantities in thousandths, both as BigInt: nothing is counted in floating point.

export function parsed(text, places, what) {
  const plain = text.replace(/[\s\u00a0₸]/g, "").replace(",", ".");
  const found = /^(\d{1,15})(?:\.(\d*))?$/.exec(plain);
  if (!found || (found[2] || "").length > places) throw new Error(`${what}: «${text}» не подходит`);
  return BigInt(found[1]) * 10n ** BigInt(places) + BigInt((found[2] || "").padEnd(places, "0") || "0");
}

export function tenge(tiyn) {
  const value = BigInt(tiyn);
  const whole = (value < 0n ? -value : value).toString().padStart(3, "0");
  const grouped = whole.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, "\u00a0");
  return `${value < 0n ? "−" : ""}${grouped},${whole.slice(-2)}\u00a0₸`;
}

export const lineSum = (line) => (line.price * line.quantity + 500n) / 1000n;

export function amountText(thousandths) {
  const rest = (thousandths % 1000n).toString().padStart(3, "0").replace(/0+$/, "");
  return `${thousandths / 1000n}${rest && `,${rest}`}`;
}

export const amountSent = (thousandths) => `${thousandths / 1000n}.${(thousandths % 1000n).toString().padStart(3, "0")}`;

export function spent(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (number) => String(number).padStart(2, "0");
  return `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}

export function exact(value) {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new Error(`Сумма ${tenge(value)} слишком велика для этой страницы.`);
  return Number(value);
}
