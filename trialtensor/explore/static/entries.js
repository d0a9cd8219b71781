/* Trials, neurons and times: their order, their places, their colours, and which are selected. */
"use strict";
(function () {
  const tt = window.trialtensor;
  const { numbers } = tt;
  const PLAIN = { light: "#0072b2", dark: "#56b4e9" };

  class Entries {
    constructor(key, about, means) {
      Object.assign(this, about);
      this.key = key;
      this.means = means || null;
      this.sortedBy = null;
      this.colorBy = null;
      this.selected = [];
      this.setOrder(null, numbers.range(this.n));
    }

    /* `by` says what the order goes by; null is the order of the data. */
    setOrder(by, order) {
      this.sortedBy = by;
      this.order = order;
      this.rank = new Int32Array(this.n);
      order.forEach((index, rank) => (this.rank[index] = rank));
      const given = by === null;
      this.at = given ? Float64Array.from(this.x) : Float64Array.from(this.rank);
    }

    get axisTitle() {
      return this.sortedBy === null ? this.title : `${this.axis}, sorted by ${this.sortedBy}`;
    }

    /* Half of the usual step, so that nothing is cut off at the ends. */
    get margin() {
      if (this.n < 2) return 0.5;
      const step = (this.at[this.order[this.n - 1]] - this.at[this.order[0]]) / (this.n - 1);
      return this.sorts ? Math.max(step * 0.5, this.n * 0.008) : 0;
    }

    get ends() {
      return [this.at[this.order[0]], this.at[this.order[this.n - 1]]];
    }

    /* The entry that is drawn nearest to a place. */
    nearest(x) {
      let low = 0, high = this.n - 1;
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (this.at[this.order[middle]] < x) low = middle; else high = middle;
      }
      const [a, b] = [this.order[low], this.order[high]];
      return Math.abs(this.at[a] - x) <= Math.abs(this.at[b] - x) ? a : b;
    }

    get plainColor() { return PLAIN[tt.theme()]; }

    /* A colour for each entry; null if all have the same. */
    colors() {
      const label = this.colorBy;
      if (label === null || !label.palette) return null;
      return Array.from(label.colors, (place) => label.palette[place]);
    }

    /* "Neuron 12" as the data counts, or the name that the data gives it. */
    name(i) {
      const axis = this.axis[0].toUpperCase() + this.axis.slice(1);
      const named = this.names && this.names[i] !== "" ? this.names[i] : numbers.text(this.x[i]);
      return this.dataset === null ? `${axis} ${named}` : `${axis} ${named} of ${this.dataset}`;
    }

    labelText(label, i) {
      const { levels, low, step } = label.values;
      if (levels[i] === 0) return "no label";
      if (label.discrete) return label.texts[levels[i] - 1];
      const value = low + step * (levels[i] - 1);
      if (label.dates) return new Date(value * 86400e3).toISOString().slice(0, 16).replace("T", " ");
      return numbers.text(value) + label.unit;
    }

    /* Which entries have a value of a label that is listed in its key. */
    having(label, level) {
      const found = [];
      label.values.levels.forEach((own, i) => own === level + 1 && found.push(i));
      return found;
    }
  }
  tt.Entries = Entries;
})();
