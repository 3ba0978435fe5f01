// What every script here needs: the register at the other end, and a place to say what became of it.

import { exact } from "./sums.js";

const SHOWN_FOR = 8000;
let fading = 0;

export const at = (id) => document.getElementById(id);

export async function ask(path, body) {
  const request = body === undefined ? {} : {
    method: "POST", headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body, (_, value) => (typeof value === "bigint" ? exact(value) : value)),
  };
  let response;
  try {
    response = await fetch(path, request);
  } catch {
    throw new Error("Касса не отвечает.");
  }
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error ? answer.error.text : `HTTP ${response.status}`);
  return answer;
}

export function show(text, kind, findings = []) {
  const place = at("message");
  place.replaceChildren(document.createTextNode(text));
  if (findings.length) {
    const list = document.createElement("ul");
    for (const one of findings) {
      const item = document.createElement("li");
      item.textContent = `${one.field}: ${one.text} (${one.rule})`;
      list.append(item);
    }
    place.append(list);
  }
  place.className = `message ${kind}`;
  place.hidden = text === "";
  window.clearTimeout(fading);
  // What went well need not be put away by hand; what did not must be read first.
  if (kind === "") fading = window.setTimeout(() => { place.hidden = true; }, SHOWN_FOR);
}

export function moment(time) {
  const [date, clock] = time.split("T");
  return `${date.split("-").reverse().join(".")} ${clock.slice(0, 8)}`;
}
