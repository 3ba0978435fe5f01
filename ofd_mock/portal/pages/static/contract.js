// A button that wakes with its mark.
for (const button of document.querySelectorAll("[data-needs-mark]")) {
  const mark = document.getElementById(button.dataset.needsMark);
  const refresh = () => { button.disabled = !mark.checked; };
  mark.addEventListener("change", refresh);
  // The back button brings the mark back as it was, after this script.
  window.addEventListener("pageshow", refresh);
  refresh();
}
