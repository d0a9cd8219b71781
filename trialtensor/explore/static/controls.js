/* Controls of a figure: native elements, so that keyboards and screen readers know them. */
"use strict";
(function () {
  const tt = window.trialtensor;
  const { numbers } = tt;

  /* An element with attributes and children; text goes in as text. */
  function make(name, attributes = {}, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (key === "on") for (const [event, act] of Object.entries(value)) element.addEventListener(event, act);
      else if (value !== false && value !== null) element.setAttribute(key, value === true ? "" : value);
    }
    element.append(...children);
    return element;
  }

  function choice(text, options, act) {
    const select = make("select", { "data-tt": text });
    options.forEach(([name], i) => select.append(make("option", { value: i }, name)));
    select.addEventListener("change", () => act(options[select.selectedIndex][1]));
    return make("label", {}, `${text} `, select);
  }

  /* What entries can be sorted by: name -> a function that returns a key for each of them. */
  function orders(figure, entries) {
    const found = [["order of the data", null]];
    const panels = figure.panels.filter(
      (panel) => panel.entries === entries && (!panel.image || panel.rows === null));
    for (const panel of panels) {
      panel.components.forEach((r, k) => {
        if (panel.best[k] === null) return;
        const what = panels.length > 1 ? panel.model.title.text : "weight";
        const name = `${what} in ${figure.about.components[r].label}`;
        found.push([name, { name, keys: () => panel.image ? columnMeans(panel, k) : panel.current[k] }]);
      });
    }
    const stored = entries.means && (entries.means.data || entries.means.model);
    if (stored) found.push(["peak time", { name: "peak time", keys: () => numbers.peaks(stored) }]);
    for (const label of entries.labels) {
      found.push([label.name, { name: label.name, keys: () => numbers.values(label.values) }]);
    }
    return found;
  }

  function columnMeans(panel, k) {
    const [n, width] = panel.values[k].levels.shape;
    return Float64Array.from({ length: width }, (_, j) => {
      let sum = 0, count = 0;
      for (let i = 0; i < n; i++) {
        const value = panel.current[k][i * width + j];
        if (!Number.isNaN(value)) { sum += value; count += 1; }
      }
      return count ? sum / count : NaN;
    });
  }

  /* The key to the colours of a label; a value of it selects the entries that have it. */
  function key(figure, entries) {
    const label = entries.colorBy, box = make("span", { class: "tt-key" });
    if (label === null) return box;
    if (!label.discrete) {
      const stops = label.key.join(", ");
      const bar = make("span", { class: "tt-bar" });
      bar.style.background = `linear-gradient(to right, ${stops})`;
      box.append(label.ends[0] + label.unit, bar, label.ends[1] + label.unit);
    } else {
      label.texts.forEach((text, level) => {
        const swatch = make("span", { class: "tt-swatch" });
        swatch.style.background = label.key[level];
        const act = () => figure.select(entries, entries.having(label, level));
        const title = `Select the ${entries.axis}s with ${label.name} ${text}`;
        box.append(make("button", { type: "button", title, on: { click: act } }, swatch, text));
      });
    }
    if (label.missing) {
      const swatch = make("span", { class: "tt-swatch" });
      swatch.style.background = label.missing;
      box.append(make("span", {}, swatch, "no label"));
    }
    return box;
  }

  /* Controls of the trials, or of the neurons of a dataset. */
  function entriesRow(figure, entries) {
    const where = entries.dataset === null ? "" : ` of ${entries.dataset}`;
    const row = make("fieldset", {}, make("legend", {}, `${entries.axis[0].toUpperCase()}${entries.axis.slice(1)}s${where}`));
    const step = make("input", {
      type: "number", min: 1, max: entries.n, value: 1, "data-tt": `show ${entries.key}`,
      title: `Place of the ${entries.axis} in its present order, 1 to ${entries.n}; arrow keys step`,
    });
    step.addEventListener("input", () => {
      const rank = Math.min(Math.max(Math.round(Number(step.value)) || 1, 1), entries.n) - 1;
      figure.point(entries, entries.order[rank]);
    });
    entries.stepper = step;
    row.append(make("label", {}, "place ", step));
    row.append(choice("sort by", orders(figure, entries), (by) => figure.sort(entries, by)));
    const colored = entries.labels.filter((label) => label.palette);
    if (colored.length) {
      const options = [["nothing", null], ...colored.map((label) => [label.name, label])];
      const control = choice("colour by", options, (label) => figure.color(entries, label));
      control.querySelector("select").selectedIndex = colored.indexOf(entries.colorBy) + 1;
      row.append(control);
    }
    entries.keyBox = key(figure, entries);
    row.append(entries.keyBox);
    return row;
  }

  function componentsRow(figure) {
    const row = make("fieldset", { class: "tt-components" }, make("legend", {}, "Components"));
    figure.about.components.forEach((component, r) => {
      const box = make("input", { type: "checkbox", checked: !figure.hidden.has(r), "data-tt": `component ${r}` });
      box.addEventListener("change", () => figure.toggle(r, box.checked));
      const share = component.share === null ? "" : ` (${percent(component.share)} of variance)`;
      row.append(make("label", {}, box, ` ${component.label}${share}`));
    });
    return row;
  }

  function percent(share) {
    return share < 0.005 ? "< 1 %" : `${Math.round(100 * share)} %`;
  }

  function restartTabs(figure) {
    const list = make("div", { role: "tablist", "aria-label": "Restarts of the fit", class: "tt-tabs" });
    figure.about.restarts.forEach((restart, k) => {
      const alike = restart.similarity === null ? "" : ` (similarity ${restart.similarity.toFixed(2)})`;
      const tab = make("button", {
        type: "button", role: "tab", "aria-selected": k === 0, tabindex: k === 0 ? 0 : -1,
      }, k === 0 ? "Best fit" : `Restart ${k + 1}${alike}`);
      const act = () => {
        for (const each of list.children) {
          each.setAttribute("aria-selected", each === tab);
          each.tabIndex = each === tab ? 0 : -1;
        }
        figure.useRestart(k);
      };
      tab.addEventListener("click", act);
      tab.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!step) return;
        event.preventDefault();
        const next = list.children[(k + step + list.children.length) % list.children.length];
        next.focus();
        next.click();
      });
      list.append(tab);
    });
    return list;
  }

  /* What the two lines of mean activity are, above their plots rather than over their points. */
  function linesKey(means) {
    const each = Object.values(means), box = make("div", { class: "tt-lines" });
    for (const name of ["data", "model"]) {
      if (each.some((own) => own[name] !== null)) box.append(make("span", { class: `tt-line-${name}` }, name));
    }
    return box;
  }

  tt.controls = {
    build(figure) {
      const box = make("div", { class: "tt-controls" });
      if (figure.about.restarts.length > 1) box.append(restartTabs(figure));
      const sorted = Object.values(figure.entries).filter((entries) => entries.sorts);
      for (const entries of sorted) box.append(entriesRow(figure, entries));
      if (figure.about.components.length > 1) box.append(componentsRow(figure));
      figure.clear = make("button", { type: "button", disabled: true, on: { click: () => figure.clearSelection() } }, "Clear selection");
      figure.readout = make("p", { class: "tt-readout", "aria-live": "polite" },
        "Point at a neuron or a trial to follow it through all panels; drag to select several.");
      box.append(make("div", { class: "tt-said" }, figure.readout, figure.clear));
      if (Object.keys(figure.about.means).length) box.append(linesKey(figure.about.means));
      return box;
    },

    renewKey(figure, entries) {
      const renewed = key(figure, entries);
      entries.keyBox.replaceWith(renewed);
      entries.keyBox = renewed;
    },
  };
})();
