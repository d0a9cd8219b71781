/* Panels below each other: boxes that show and hide what is drawn in all of them. */
"use strict";
(function () {
  const tt = window.trialtensor;

  function box(item, models) {
    const input = document.createElement("input");
    input.type = "checkbox";
    input.checked = true;
    input.addEventListener("change", () => {
      for (const model of models) model.visible = input.checked;
    });
    const swatch = document.createElement("span");
    swatch.className = "tt-swatch";
    swatch.style.background = item.color;
    const words = document.createElement("bdi");
    words.textContent = item.label;
    const label = document.createElement("label");
    label.append(input, swatch, words);
    return label;
  }

  tt.kinds = tt.kinds || {};
  tt.kinds.stacked = function (root, about, place) {
    const models = [...root.references()];
    const controls = document.createElement("div");
    controls.className = "tt-controls";
    for (const item of about.items) {
      controls.append(box(item, models.filter((model) => model.name === item.name)));
    }
    place.before(controls);
  };
})();
