/* The figure of a fitted model: what is pointed at, selected, sorted, coloured and hidden. */
"use strict";
(function () {
  const tt = window.trialtensor;
  const { numbers } = tt;

  class Explorer {
    constructor(root, about, place) {
      this.about = about;
      this.models = new Map(tt.models(root).filter((m) => m.name).map((m) => [m.name, m]));
      this.hidden = new Set(about.hidden);
      this.entries = {};
      for (const [key, each] of Object.entries(about.entities)) {
        this.entries[key] = new tt.Entries(key, each, about.means[key]);
      }
      this.panels = about.panels.map((panel) => new tt.Lanes(this, panel));
      this.sorted = Object.values(this.entries).filter((entries) => entries.sorts);
      for (const entries of this.sorted) entries.colorBy = this.firstLabel(entries);
      place.before(tt.controls.build(this));
      this.listen(place);
      for (const panel of this.panels) panel.draw();
      for (const entries of [...this.sorted].reverse()) tt.details.showAll(this, entries);
    }

    model(name) { return this.models.get(name); }

    /* Trials by what was asked for; neurons by their first label with a few values, if any. */
    firstLabel(entries) {
      const few = (label) => label.palette && label.discrete && label.texts.length > 1 && label.texts.length <= 8;
      if (entries.axis === "trial") return this.about.color ? entries.labels.find((l) => l.palette) || null : null;
      return entries.labels.find(few) || null;
    }

    listen(place) {
      for (const panel of this.panels) {
        panel.model.on_event("mousemove", (event) => this.later(panel, event));
        panel.model.on_event("tap", (event) => this.later(panel, event));
        panel.model.on_event("mouseleave", () => this.left(panel));
        if (panel.image || !panel.entries.sorts) continue;
        const { selected } = panel.part("lanes");
        selected.properties.indices.change.connect(() => this.selectedIn(panel, selected.indices));
      }
      // Dragging on a phone scrolls the page.
      if (window.matchMedia("(pointer: coarse)").matches) {
        for (const panel of this.panels) {
          for (const tool of panel.model.toolbar.tools) if (tool.active) tool.active = false;
        }
      }
      document.addEventListener("trialtensor:theme", () => this.panels.forEach((panel) => panel.draw()));
      place.tabIndex = 0;
      place.setAttribute("role", "group");
      place.setAttribute("aria-label", "Panels. Left and right arrows step through the entries, up and down change the axis, Escape ends a selection.");
      place.addEventListener("keydown", (event) => this.pressed(event));
    }

    /* The mouse moves faster than a screen is painted: only its last place counts. */
    later(panel, event) {
      const waiting = this.waiting !== undefined;
      this.waiting = [panel, event.x, event.y];
      if (!waiting) requestAnimationFrame(() => this.moved());
    }

    moved() {
      const [panel, x, y] = this.waiting;
      this.waiting = undefined;
      this.point(panel.entries, panel.entries.nearest(x));
      const row = panel.rowAt(y);
      if (row !== null) this.point(panel.downEntries, row);
    }

    /* Back to the mean of what is selected, once nothing else is pointed at. */
    left(panel) {
      for (const entries of [panel.entries, panel.downEntries]) {
        if (entries && entries.selected.length) tt.details.showSelected(this, entries);
      }
    }

    /* Mark an entry in all panels, and say what is known of it. */
    point(entries, i) {
      if (this.pointed && this.pointed[0] === entries && this.pointed[1] === i) return;
      this.pointed = [entries, i];
      for (const panel of this.panels) panel.mark(entries, i);
      this.say(tt.details.words(this, entries, i));
      if (!entries.sorts) return;
      entries.current = i;
      tt.details.show(this, entries, [i], entries.name(i));
      if (document.activeElement !== entries.stepper) entries.stepper.value = entries.rank[i] + 1;
    }

    say(texts) {
      this.readout.replaceChildren(...texts.map((text, i) => {
        const part = document.createElement(i === 0 ? "b" : "span");
        part.textContent = text;
        return part;
      }));
    }

    pressed(event) {
      const steps = { ArrowRight: 1, ArrowLeft: -1 };
      if (event.key === "Escape") return this.clearSelection();
      const [entries, i] = this.pointed || [this.sorted[0], undefined];
      if (!entries) return;
      if (event.key in steps) {
        const rank = i === undefined ? 0 : (entries.rank[i] + steps[event.key] + entries.n) % entries.n;
        this.point(entries, entries.order[rank]);
      } else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
        const all = this.sorted, step = event.key === "ArrowDown" ? 1 : -1;
        if (!all.length) return;
        const next = all[(all.indexOf(entries) + step + all.length) % all.length];
        this.point(next, next.current === undefined ? next.order[0] : next.current);
      } else return;
      event.preventDefault();
    }

    selectedIn(panel, indices) {
      if (!this.selecting) this.select(panel.entries, [...indices].sort((a, b) => a - b));
    }

    /* The same entries in every panel that has them. */
    select(entries, indices) {
      this.selecting = true;
      entries.selected = indices;
      for (const panel of this.panels) {
        if (panel.entries === entries && !panel.image) panel.part("lanes").selected.indices = indices;
      }
      this.selecting = false;
      this.clear.disabled = this.sorted.every((each) => !each.selected.length);
      tt.details.showSelected(this, entries);
      const n = indices.length;
      this.say(n ? [`${n} of ${entries.n} ${entries.axis}s selected`] : ["Nothing selected"]);
      this.pointed = undefined;
    }

    clearSelection() {
      for (const entries of this.sorted) if (entries.selected.length) this.select(entries, []);
    }

    redraw(entries) {
      for (const panel of this.panels) {
        if (panel.entries === entries || panel.downEntries === entries) panel.draw();
      }
      this.markAgain();
    }

    markAgain() {
      if (!this.pointed) return;
      for (const panel of this.panels) panel.mark(...this.pointed);
    }

    sort(entries, by) {
      if (by === null) entries.setOrder(null, numbers.range(entries.n));
      else entries.setOrder(by.name, numbers.order(by.keys()));
      this.redraw(entries);
    }

    color(entries, label) {
      entries.colorBy = label;
      tt.controls.renewKey(this, entries);
      this.redraw(entries);
    }

    toggle(r, shown) {
      if (shown) this.hidden.delete(r); else this.hidden.add(r);
      for (const panel of this.panels) if (panel.components.includes(r)) panel.draw();
      this.markAgain();
    }

    useRestart(k) {
      for (const panel of this.panels) { panel.useRestart(k); panel.draw(); }
      this.markAgain();
      const same = this.panels.filter((panel) => !panel.restarts.length);
      const titles = same.map((panel) => panel.model.title.text).join(", ");
      const name = k === 0 ? "Best fit" : `Restart ${k + 1}`;
      this.say(k && same.length ? [name, `Still of the best fit, since restarts don't keep them: ${titles}`] : [name]);
    }
  }

  tt.explorers = [];
  tt.kinds = tt.kinds || {};
  tt.kinds.explore = (root, about, place) => tt.explorers.push(new Explorer(root, about, place));
})();
