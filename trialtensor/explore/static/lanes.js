/* Panels: a lane for each component, its values in the order of the entries, and the marks. */
"use strict";
(function () {
  const tt = window.trialtensor;
  const { numbers } = tt;
  const AROUND = 84, FILL = 0.92, CURVE = 0.84;

  /* One colour for all is painted much faster than a colour for each. */
  function paint(renderer, color) {
    for (const glyph of [renderer.glyph, renderer.selection_glyph, renderer.nonselection_glyph]) {
      for (const name of ["fill_color", "line_color"]) {
        const own = glyph[name], drawn = own !== null && !(typeof own === "object" && own.value === null);
        if (drawn) glyph[name] = color;
      }
    }
  }

  class Lanes {
    constructor(figure, about) {
      Object.assign(this, about);
      this.figure = figure;
      this.model = figure.model(this.plot);
      this.entries = figure.entries[this.entity];
      this.downEntries = this.rows === null ? null : figure.entries[this.rows];
      this.lane = (this.model.height - AROUND) / Math.max(this.components.length, 1);
      this.best = this.values.map((each) => numbers.values(each));
      this.current = this.best;
      this.slots = [];
    }

    part(name) { return this.figure.model(`${this.plot} ${name}`); }

    /* Another restart, 0 for the best; images stay, since no restart keeps its slices. */
    useRestart(k) {
      const kept = this.restarts[k - 1];
      if (k === 0 || !kept || kept.some((each) => each === null)) this.current = this.best;
      else this.current = kept.map((each) => numbers.values(each));
    }

    /* Which lane each component has; those hidden have none. */
    place() {
      let next = 0;
      this.slots = this.components.map((r) => (this.figure.hidden.has(r) ? -1 : next++));
      const n = Math.max(next, 1), { components } = this.figure.about;
      const ticks = [], texts = new Map();
      this.slots.forEach((slot, k) => {
        if (slot < 0) return;
        ticks.push(-slot);
        texts.set(-slot, components[this.components[k]].label);
      });
      const axis = this.model.left[0];
      axis.ticker.ticks = ticks;
      axis.major_label_overrides = texts;
      this.model.y_range.setv({ start: -n + 0.5, end: 0.5 });
      this.model.height = Math.round(this.lane * n + AROUND);
    }

    draw() {
      this.place();
      const [first, last] = this.entries.ends, { margin } = this.entries;
      const edge = this.image ? this.cell() / 2 : margin || (last - first || 1) * 0.01;
      const range = this.model.x_range;
      range.setv({ start: first - edge, end: last + edge });
      // What "reset" goes back to.
      range.setv({ reset_start: first - edge, reset_end: last + edge });
      this.model.below[0].axis_label = tt.plain(this.entries.axisTitle);
      const empty = this.slots.map((slot, k) => [slot, this.notes[k]]).filter(([slot, note]) => slot >= 0 && note);
      this.part("notes").data = {
        x: empty.map(() => (first + last) / 2), y: empty.map(([slot]) => -slot + 0.2),
        text: empty.map(([, note]) => tt.plain(note)),
      };
      if (this.image) this.drawImages();
      else this.drawVectors();
    }

    /* The width of a cell of an image, along its horizontal axis. */
    cell() {
      const [first, last] = this.entries.ends;
      return this.entries.n > 1 ? (last - first) / (this.entries.n - 1) : 1;
    }

    drawVectors() {
      const { entries } = this, color = entries.colors();
      const data = { x: entries.at, color: color || new Uint8Array(entries.n) }, zeros = [];
      this.heights = this.components.map((_, k) => {
        const values = this.current[k], slot = this.slots[k];
        const y = new Float64Array(entries.n).fill(NaN);
        let base = NaN;
        if (values !== null && slot >= 0) {
          const [low, high] = numbers.limits(values), span = high - low || 1;
          const bottom = -slot - CURVE / 2;
          base = bottom + (CURVE * -low) / span;
          for (let i = 0; i < y.length; i++) y[i] = bottom + (CURVE * (values[i] - low)) / span;
          zeros.push(base);
        }
        const renderer = this.part(`y${k}`);
        renderer.visible = values !== null && slot >= 0;
        if (entries.sorts) paint(renderer, color === null ? { value: entries.plainColor } : { field: "color" });
        // Lines connect neighbours, so they need the order of the axis.
        data[`y${k}`] = y;
        if (this.bars) data[`b${k}`] = new Float64Array(entries.n).fill(base);
        return y;
      });
      this.part("zero").data = { y: zeros };
      this.part("lanes").data = data;
    }

    drawImages() {
      const [first, last] = this.entries.ends, half = this.cell() / 2;
      this.values.forEach((stored, k) => {
        if (stored === null) return;
        const slot = this.slots[k], renderer = this.part(`y${k}`);
        renderer.visible = slot >= 0;
        if (slot < 0) return;
        renderer.glyph.setv({
          x: { value: first - half }, y: { value: -slot - FILL / 2 },
          dw: { value: last - first + 2 * half }, dh: { value: FILL },
        });
        this.fill(stored, k);
      });
    }

    /* The cells of an image in the present order; the first row is on top. */
    fill(stored, k) {
      const [n, width] = stored.levels.shape, source = this.part(`image${k}`);
      const cells = source.data.image[0], values = this.current[k];
      const down = this.downEntries, across = this.entries;
      const rows = down && down.n === n ? down.order : numbers.range(n);
      const columns = across.n === width ? across.order : numbers.range(width);
      for (let i = 0; i < n; i++) {
        const from = rows[i] * width, to = (n - 1 - i) * width;
        for (let j = 0; j < width; j++) cells[to + j] = values[from + columns[j]] / stored.top;
      }
      source.change.emit();
    }

    /* Mark an entry in every lane: a line, and on curves a dot with the value. */
    mark(entries, i) {
      if (entries === this.entries) {
        const x = entries.at[i], [first, last] = entries.ends;
        this.part("column").data = { x: [x] };
        if (!this.image) {
          const shown = this.slots.map((slot, k) => [slot, k]).filter(
            ([slot, k]) => slot >= 0 && this.current[k] !== null && !Number.isNaN(this.heights[k][i]));
          this.part("marks").data = {
            x: shown.map(() => x),
            y: shown.map(([, k]) => this.heights[k][i]),
            text: shown.map(([, k]) => numbers.text(this.current[k][i])),
            align: shown.map(() => (x > (first + last) / 2 ? "right" : "left")),
            shift: shown.map(() => (x > (first + last) / 2 ? -7 : 7)),
          };
        }
      }
      if (entries === this.downEntries) {
        const at = ((entries.rank[i] + 0.5) / entries.n) * FILL;
        const y = this.slots.filter((slot) => slot >= 0).map((slot) => -slot + FILL / 2 - at);
        this.part("rows").data = { y };
      }
    }

    /* Which entry of the rows of an image is at a height. */
    rowAt(y) {
      if (this.downEntries === null) return null;
      const inside = (Math.round(y) + FILL / 2 - y) / FILL;
      if (inside < 0 || inside >= 1) return null;
      return this.downEntries.order[Math.floor(inside * this.downEntries.n)];
    }
  }
  tt.Lanes = Lanes;
})();
