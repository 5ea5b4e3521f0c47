// A classic script in the head, so that the chosen theme is there before anything is painted.
(() => {
  const chosen = localStorage.getItem("arena.theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();
