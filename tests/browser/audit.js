// What is wrong with the page that is shown for who cannot see it, or sees little: a list of sentences.
() => {
  const OPERABLE = "a[href], button, input, select, textarea, summary, [role=tab], [tabindex='0']";
  const problems = [];
  const tell = (node, problem) => problems.push(`${node.outerHTML.slice(0, 120)} ${problem}`);
  const isShown = (node) => node.checkVisibility({ visibilityProperty: true });
  const all = (selector) => [...document.querySelectorAll(selector)].filter(isShown);
  const textOf = (ids) => (ids ?? "").split(" ").map((id) => document.getElementById(id)?.textContent ?? "").join(" ");

  function hasName(node) {
    const labels = [...(node.labels ?? [])].map((label) => label.textContent);
    const images = [...node.querySelectorAll("[alt], [aria-label]")].map((inner) => inner.ariaLabel ?? inner.alt);
    const inside = node.matches("input, select, textarea") ? [] : [node.textContent, ...images];
    return [node.ariaLabel, textOf(node.getAttribute("aria-labelledby")), ...labels, ...inside].some((name) => name?.trim());
  }

  // Colours as the canvas understands them, so all notations of CSS.
  const context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  function rgba(color) {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = color;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  }
  const over = ([r, g, b, a], below) => [r, g, b].map((part, index) => part * a + below[index] * (1 - a));
  function ground(node) {
    if (node === null) return [255, 255, 255];
    const color = rgba(getComputedStyle(node).backgroundColor);
    return color[3] === 1 ? color.slice(0, 3) : over(color, ground(node.parentElement));
  }
  function luminance(color) {
    const [r, g, b] = color.map((part) => part / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }
  function contrast(node) {
    const below = ground(node);
    const [dark, light] = [luminance(over(rgba(getComputedStyle(node).color), below)), luminance(below)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  }
  const hasText = (node) => [...node.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.data.trim());

  for (const node of all(OPERABLE)) if (!hasName(node)) tell(node, "has no name");
  for (const node of all("img:not([alt])")) tell(node, "says nothing in the place of the image");
  for (const node of all("[role=img], dialog, [role=dialog], section, [role=tabpanel]")) {
    if (!hasName(node) && !node.querySelector("h2, h3")) tell(node, "has no name");
  }
  for (const node of all("[aria-describedby], [aria-labelledby], [aria-controls]")) {
    for (const name of ["aria-describedby", "aria-labelledby", "aria-controls"]) {
      for (const id of (node.getAttribute(name) ?? "").split(" ").filter(Boolean)) {
        if (!document.getElementById(id)) tell(node, `names ${id}, which is not there`);
      }
    }
  }
  const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
  for (const id of new Set(ids.filter((id, index) => ids.indexOf(id) !== index))) problems.push(`the id ${id} is there twice`);
  if (all("h1").length !== 1) problems.push(`${all("h1").length} headings of the first level`);
  let level = 0;
  for (const node of all("h1, h2, h3, h4")) {
    const own = Number(node.localName[1]);
    if (own > level + 1) tell(node, `comes after a heading of level ${level}`);
    level = own;
  }
  for (const node of document.querySelectorAll("[tabindex]")) if (node.tabIndex > 0) tell(node, "stands out of the order");
  for (const node of all("a[href] button, button button, button a, a a[href]")) tell(node, "is inside of another control");
  for (const node of all("body *")) {
    if (!hasText(node) || node.closest("svg, .unseen, :disabled, a.button:not([href])")) continue;
    if (contrast(node) < 4.5) tell(node, `has a contrast of ${contrast(node).toFixed(2)}`);
  }
  return problems;
}
