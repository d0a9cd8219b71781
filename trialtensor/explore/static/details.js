/* Mean activity of what is pointed at or selected, in the data and in the model. */
"use strict";
(function () {
  const tt = window.trialtensor;
  const { numbers } = tt;
  const OTHERS = { neuron: "trials", trial: "neurons" };

  tt.details = {
    /* Show one entry, those selected, or all. */
    show(figure, entries, rows, what) {
      const plot = figure.model(`detail ${entries.axis}`), { means } = entries;
      if (plot === undefined || means === null) return;
      const mean = (stored) => {
        if (stored === null) return new Float64Array(means.x.length).fill(NaN);
        return rows.length === 1 ? numbers.row(stored, rows[0]) : numbers.meanOfRows(stored, rows);
      };
      const data = mean(means.data), model = mean(means.model);
      figure.model(`detail ${entries.axis} source`).data = { x: Float64Array.from(means.x), data, model };
      const [low, high] = numbers.limits([...data, ...model]), margin = (high - low || 1) * 0.06;
      plot.y_range.setv({ start: low - margin, end: high + margin });
      const first = means.x[0], last = means.x[means.x.length - 1];
      plot.x_range.setv({ start: first, end: last > first ? last : first + 1 });
      plot.title.text = tt.plain(`${what}: mean over ${OTHERS[entries.axis]}`);
    },

    showAll(figure, entries) {
      const where = entries.dataset === null ? "" : ` of ${entries.dataset}`;
      const what = `All ${entries.n} ${entries.axis}s${where}`;
      tt.details.show(figure, entries, numbers.range(entries.n), what);
    },

    showSelected(figure, entries) {
      const { selected, n } = entries;
      if (!selected.length) return tt.details.showAll(figure, entries);
      const one = selected.length === 1;
      const what = one ? entries.name(selected[0]) : `${selected.length} of ${n} ${entries.axis}s, selected`;
      tt.details.show(figure, entries, selected, what);
    },

    /* Its name, its labels and its weight in every component, as text. */
    words(figure, entries, i) {
      const said = [entries.name(i)];
      for (const label of entries.labels) said.push(`${label.name}: ${entries.labelText(label, i)}`);
      const panels = figure.panels.filter((panel) => panel.entries === entries && !panel.image);
      for (const panel of panels) {
        const of = panels.length > 1 ? `${panel.model.title.text} ` : "";
        panel.components.forEach((r, k) => {
          if (panel.current[k] === null || figure.hidden.has(r)) return;
          said.push(`${of}${figure.about.components[r].label}: ${numbers.text(panel.current[k][i])}`);
        });
      }
      return said;
    },
  };

  /* Text that Bokeh would take for a formula; see `plain` of the Python side. */
  tt.plain = (text) => String(text).replace(/\$(?=\$)|\\(?=[()[\]])/g, (found) => `${found}\u2060`);
})();
