/* Light and dark: colours of the page by CSS, those of Bokeh's models one by one. */
"use strict";
(function () {
  const tt = (window.trialtensor = window.trialtensor || {});
  const INK = { light: "#2b3a4a", dark: "#d9e1e8" };
  const FAINT = { light: "#d5dbe1", dark: "#3c4854" };
  const PAPER = { light: "#ffffff", dark: "#15191e" };
  /* The colours of figures, as the Python side knows them, and what reads as well on black. */
  const PAIRS = [
    [INK.light, INK.dark],
    [FAINT.light, FAINT.dark],
    [PAPER.light, PAPER.dark],
    ["#0072b2", "#56b4e9"],
    ["#8d99a6", "#7b8896"],
    ["#b9b9b9", "#6f6f6f"],
  ];
  const TO = {
    dark: new Map(PAIRS),
    light: new Map(PAIRS.map(([light, dark]) => [dark, light])),
  };
  const PAINTED = ["line_color", "fill_color", "text_color", "hatch_color", "background_fill_color"];
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  let chosen = null;

  tt.documents = [];
  tt.theme = () => chosen || (system.matches ? "dark" : "light");

  function set(model, values) {
    const known = {};
    for (const [name, value] of Object.entries(values)) {
      if (name in model.properties) known[name] = value;
    }
    if (Object.keys(known).length) model.setv(known);
  }

  /* Swap the colours that have a counterpart in the other theme; labels keep theirs. */
  function swap(model, theme) {
    const swapped = {};
    for (const name of PAINTED) {
      if (!(name in model.properties)) continue;
      const value = model[name];
      const plain = value && typeof value === "object" ? value.value : value;
      const other = typeof plain === "string" ? TO[theme].get(plain.toLowerCase()) : undefined;
      if (other) swapped[name] = plain === value ? other : { value: other };
    }
    if (Object.keys(swapped).length) model.setv(swapped);
  }

  /* The colour of the page, which may have one of its own; nothing where it has none. */
  function around() {
    const color = document.body && getComputedStyle(document.body).backgroundColor;
    const seen = color && /^rgb\(/.test(color) ? color.match(/\d+/g).map(Number) : null;
    return seen && "#" + seen.map((part) => part.toString(16).padStart(2, "0")).join("");
  }

  function paint(model, theme) {
    const ink = INK[theme], faint = FAINT[theme], paper = around() || PAPER[theme];
    if ("background_fill_color" in model.properties && "border_fill_color" in model.properties) {
      set(model, { background_fill_color: paper, border_fill_color: paper, outline_line_color: faint });
    } else if ("major_label_text_color" in model.properties) {
      set(model, {
        axis_label_text_color: ink, major_label_text_color: ink, axis_line_color: faint,
        major_tick_line_color: faint, minor_tick_line_color: null, background_fill_color: null,
        title_text_color: ink, bar_line_color: null,
      });
    } else if ("grid_line_color" in model.properties) {
      if (model.grid_line_color !== null) set(model, { grid_line_color: faint });
    } else if ("label_text_color" in model.properties) {
      set(model, {
        label_text_color: ink, title_text_color: ink, background_fill_color: paper,
        border_line_color: faint,
      });
    } else {
      swap(model, theme);
    }
  }

  /* Every model that a root reaches, also those that tools and sources hold. */
  tt.models = function (root) {
    return root.references ? [...root.references()] : [];
  };

  tt.paint = function (root) {
    const theme = tt.theme();
    for (const model of tt.models(root)) paint(model, theme);
  };

  /* Bokeh never clears the first row and column of a canvas whole: they keep an older theme. */
  tt.trimEdges = function (element) {
    for (const inner of element.querySelectorAll("*")) {
      if (inner.tagName === "CANVAS") inner.style.clipPath = "inset(2px 1px 1px 2px)";
      if (inner.shadowRoot) tt.trimEdges(inner.shadowRoot);
    }
  };

  function apply() {
    document.documentElement.dataset.theme = tt.theme();
    for (const doc of tt.documents) for (const root of doc.roots()) tt.paint(root);
    document.dispatchEvent(new CustomEvent("trialtensor:theme", { detail: tt.theme() }));
  }

  /* "light" or "dark"; anything else follows the system again. */
  tt.setTheme = function (theme) {
    chosen = theme === "light" || theme === "dark" ? theme : null;
    apply();
  };
  system.addEventListener("change", () => chosen === null && apply());
})();
