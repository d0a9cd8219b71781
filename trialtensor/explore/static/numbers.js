/* Numbers of a page: from the levels that are stored to values, orders and means. */
"use strict";
(function () {
  const tt = window.trialtensor;
  const numbers = (tt.numbers = {});

  /* All values of a vector or matrix with one range; level zero is unknown. */
  numbers.values = function (stored) {
    if (stored === null) return null;
    const { levels, low, step } = stored;
    const found = new Float32Array(levels.length);
    for (let i = 0; i < found.length; i++) {
      found[i] = levels[i] === 0 ? NaN : low + step * (levels[i] - 1);
    }
    return found;
  };

  /* One row of a matrix whose rows have ranges of their own. */
  numbers.row = function (stored, i) {
    const width = stored.levels.shape[1], from = i * width;
    const low = stored.low[i], step = stored.step[i];
    const found = new Float64Array(width);
    for (let j = 0; j < width; j++) {
      const level = stored.levels[from + j];
      found[j] = level === 0 ? NaN : low + step * (level - 1);
    }
    return found;
  };

  /* The mean of some rows, of what is known in each column. */
  numbers.meanOfRows = function (stored, rows) {
    const width = stored.levels.shape[1];
    const sums = new Float64Array(width), counts = new Float64Array(width);
    for (const i of rows) {
      const values = numbers.row(stored, i);
      for (let j = 0; j < width; j++) {
        if (!Number.isNaN(values[j])) { sums[j] += values[j]; counts[j] += 1; }
      }
    }
    return sums.map((sum, j) => (counts[j] ? sum / counts[j] : NaN));
  };

  /* Where each row is largest; NaN for a row without a peak. */
  numbers.peaks = function (stored) {
    const [n, width] = stored.levels.shape;
    return Float64Array.from({ length: n }, (_, i) => {
      let best = -1, most = 0;
      for (let j = 0; j < width; j++) {
        const level = stored.levels[i * width + j];
        if (level > most) { most = level; best = j; }
      }
      return best < 0 || stored.step[i] === 0 ? NaN : best;
    });
  };

  /* Indices by rising key; ties stay as they are, and what has no key goes last. */
  numbers.order = function (keys) {
    const places = Int32Array.from(keys, (_, i) => i);
    return places.sort((a, b) => {
      const one = Number.isNaN(keys[a]), other = Number.isNaN(keys[b]);
      if (one || other) return one - other || a - b;
      return keys[a] - keys[b] || a - b;
    });
  };

  numbers.range = (n) => Int32Array.from({ length: n }, (_, i) => i);

  numbers.text = function (value) {
    if (value === null || value === undefined || Number.isNaN(value)) return "no data";
    if (value === 0) return "0";
    const size = Math.abs(value);
    const text = size >= 1e5 || size < 1e-4 ? value.toExponential(1) : String(Number(value.toPrecision(3)));
    return text.replace("-", "−");
  };

  numbers.limits = function (values) {
    let low = 0, high = 0;
    for (const value of values) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
    return [low, high];
  };
})();
