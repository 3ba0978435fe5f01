// Small means to build pieces of the page; text is always text, never markup.
export const byId = (id) => document.getElementById(id);
export function make(tag, traits = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(traits)) {
    if (name === "on") for (const [event, act] of Object.entries(value)) made.addEventListener(event, act);
    else if (name in made && name !== "list") made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}
export function fill(element, ...children) { element.replaceChildren(...children.filter(Boolean)); }
let timer;
export function toast(text, problem = false) {
  const box = byId("toast");
  box.textContent = text;
  box.classList.toggle("problem", problem);
  box.hidden = false;
  clearTimeout(timer);
  timer = setTimeout(() => { box.hidden = true; }, 6000);
}
// A dialog with these pieces; gives the value of the button that closed it ("" for Escape).
export function ask(...children) {
  const dialog = byId("dialog"), form = byId("dialog-form");
  fill(form, ...children);
  return new Promise((resolve) => {
    dialog.returnValue = "";
    dialog.addEventListener("close", () => resolve(dialog.returnValue), { once: true });
    dialog.showModal();
  });
}
