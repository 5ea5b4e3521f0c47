// A classic script in the head, so that the chosen theme is there before anything is painted.
(() => {
  try {
    const chosen = localStorage.getItem("arena.theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  } catch {
    // The browser keeps nothing for this page.
  }
})();
