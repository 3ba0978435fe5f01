// The way to the point of sale: one call, its answer or its refusal in the person's language.
import { say, spoken } from "./words.js";

const KEPT = "kassalab-pos-session";
export let session = sessionStorage.getItem(KEPT) ?? "";
export function keep(key) { session = key; if (key) sessionStorage.setItem(KEPT, key); else sessionStorage.removeItem(KEPT); }

export class Refused extends Error {
  constructor(status, error) {
    const fields = error.fields.map((each) => `${each.field}: ${each.text[spoken()]}`);
    super([error.text[spoken()], ...fields].join(" · "));
    this.status = status;
    this.rule = error.rule;
  }
}

export async function call(method, path, body) {
  const headers = { "X-Kassalab": "control" };
  if (session) headers.Authorization = `Bearer ${session}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer, told;
  try {
    answer = await fetch(`/api${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    told = await answer.json();
  } catch {
    throw new Refused(0, { rule: "offline", text: { uz: say("offline"), ru: say("offline") }, fields: [] });
  }
  if (!answer.ok) throw new Refused(answer.status, told.error);
  return told;
}
// The bytes at an address.
export async function file(path) {
  let answer;
  try {
    answer = await fetch(`/api${path}`, { headers: { "X-Kassalab": "control", Authorization: `Bearer ${session}` } });
    if (answer.ok) return await answer.blob();
  } catch {
    throw new Refused(0, { rule: "offline", text: { uz: say("offline"), ru: say("offline") }, fields: [] });
  }
  throw new Refused(answer.status, (await answer.json()).error);
}
export const get = (path) => call("GET", path);
export const post = (path, body) => call("POST", path, body);
export const patch = (path, body) => call("PATCH", path, body);
