// Fields whose value is chosen from a directory by first letters: a list unfolds under the field.
// What is typed counts for nothing until an entry is chosen, with the mouse, a finger or the keyboard.

const PAUSE = 150;

class Chooser {
  constructor(box) {
    this.box = box;
    this.input = box.querySelector("input");
    this.entries = [];
    this.active = -1;
    this.asked = 0;
    const chosen = box.querySelector("input[type=radio]:checked");
    this.value = document.createElement("input");
    this.value.type = "hidden";
    this.value.name = box.dataset.name;
    this.value.value = chosen ? chosen.value : "";
    box.querySelector(".found").remove();
    box.querySelector(".find").remove();
    this.list = document.createElement("ul");
    this.list.className = "chooser-list";
    this.list.id = `${this.input.id}-list`;
    this.list.hidden = true;
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", box.querySelector("label").textContent);
    box.querySelector(".row").after(this.list);
    box.append(this.value);
    for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-expanded", "false"], ["aria-controls", this.list.id]])
      this.input.setAttribute(name, value);
    this.input.addEventListener("input", () => { this.value.value = ""; this.soon(); });
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("blur", () => this.close());
    // The field keeps the focus while an entry is pressed.
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const found = event.target.closest("[role=option]");
      if (found) this.choose(Number(found.dataset.at));
    });
  }

  soon() {
    clearTimeout(this.timer);
    const typed = this.input.value.trim();
    if (!typed) { this.asked += 1; this.close(); return; }
    this.timer = setTimeout(() => this.ask(typed), PAUSE);
  }

  async ask(typed) {
    const number = ++this.asked;
    let found = [], told = this.box.dataset.nothing;
    try {
      const answer = await fetch(`${this.box.dataset.chooser}?q=${encodeURIComponent(typed)}`, {headers: {Accept: "application/json"}});
      if (!answer.ok) throw new Error(String(answer.status));
      found = await answer.json();
    } catch { told = this.box.dataset.failed; }
    // An answer that was overtaken by another letter is nobody's.
    if (number === this.asked) this.show(found, told);
  }

  show(found, told) {
    this.entries = found;
    this.active = -1;
    this.list.replaceChildren(...found.map((each, at) => {
      const line = document.createElement("li");
      line.id = `${this.list.id}-${at}`;
      line.dataset.at = String(at);
      line.setAttribute("role", "option");
      line.setAttribute("aria-selected", "false");
      line.textContent = each.display ?? each.name;
      if (each.more) line.append(Object.assign(document.createElement("small"), {textContent: each.more}));
      return line;
    }));
    if (!found.length) {
      const line = document.createElement("li");
      line.className = "nothing";
      line.textContent = told;
      line.setAttribute("role", "status");
      this.list.append(line);
    }
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
  }

  close() {
    clearTimeout(this.timer);
    this.list.hidden = true;
    this.active = -1;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  point(at) {
    const lines = [...this.list.querySelectorAll("[role=option]")];
    if (!lines.length) return;
    this.active = (at + lines.length) % lines.length;
    lines.forEach((line, number) => line.setAttribute("aria-selected", String(number === this.active)));
    lines[this.active].scrollIntoView({block: "nearest"});
    this.input.setAttribute("aria-activedescendant", lines[this.active].id);
  }

  key(event) {
    const open = !this.list.hidden;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (open) this.point(this.active + (event.key === "ArrowDown" ? 1 : -1));
      else if (this.input.value.trim()) this.ask(this.input.value.trim());
    } else if (event.key === "Enter" && open) {
      // Enter chooses; it does not send a form whose choice is still open.
      event.preventDefault();
      if (this.active >= 0) this.choose(this.active);
      else if (this.entries.length === 1) this.choose(0);
    } else if (event.key === "Escape" && open) {
      event.preventDefault();
      this.close();
    }
  }

  choose(at) {
    const chosen = this.entries[at];
    this.input.value = chosen.display ?? chosen.name;
    this.value.value = String(chosen.id);
    this.asked += 1;
    this.close();
  }
}

for (const box of document.querySelectorAll("[data-chooser]")) new Chooser(box);
