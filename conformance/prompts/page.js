"use strict";
const text = document.getElementById("text");
const answers = document.getElementById("answers");
const skip = document.getElementById("skip");
const note = document.getElementById("note");
let shown;

async function send(answer) {
  const number = shown;
  const response = await fetch("answer", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ number, answer }),
  });
  const told = await response.json();
  note.textContent = response.ok ? "" : told.error.text;
  await look();
}

function draw(question) {
  if (question.number === shown) return;
  shown = question.number;
  const open = shown !== null;
  text.textContent = open ? question.text : "Nothing to do at the moment.";
  answers.replaceChildren(
    ...(open ? question.answers : []).map((answer) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = answer;
      button.addEventListener("click", () => send(answer));
      return button;
    }),
  );
  skip.hidden = !open;
}

async function look() {
  try {
    const response = await fetch("question");
    draw(await response.json());
  } catch {
    shown = undefined;
    text.textContent = "The run is over.";
    answers.replaceChildren();
    skip.hidden = true;
  }
}

skip.addEventListener("click", () => send(null));
setInterval(look, 1000);
look();
