"""Interactive figures of large models in a browser: ``python -m benchmarks.explore``.

Builds a page of planted components, 2,000 neurons x 5,000 trials x 500 times, from data that is
read once, a few trials at a time, and opens it in headless Chromium: how large it is, when the
panels are painted, and how long it takes from a movement of the mouse to the frame that shows it.
Beside times on the clock are those of the processor, which other work on the machine doesn't alter.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

SHAPE = (5000, 2000, 500)
N_COMPONENTS = 10
# What a page may take: bytes, milliseconds.
MOST = {"bytes": 5_000_000, "first paint (ms)": 2000.0, "hover (ms)": 50.0}
N_MOVES = 60
# Time from an event to the end of the frame that shows what it changed, in the page itself.
_HOVER = """
async ([n, which]) => {
  const explorer = trialtensor.explorers[0];
  const entries = explorer.sorted.find((each) => each.axis === which);
  const frame = () => new Promise((done) => requestAnimationFrame(() => done(performance.now())));
  const took = [];
  for (let k = 0; k < n; k++) {
    await frame();
    const from = performance.now();
    explorer.point(entries, (k * 37 + 11) % entries.n);
    // A frame is over when a message that is posted in it is received.
    await new Promise((done) => requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = done;
      channel.port2.postMessage(null);
    }));
    took.push(performance.now() - from);
  }
  return took;
}
"""


def planted(shape: tuple[int, int, int]) -> tuple[Any, Any]:
    """Return a model with planted factors, and data of it with noise that is made as it is read."""
    import dask.array

    from trialtensor.data import on_disk
    from trialtensor.io import from_tensorly

    rng = np.random.default_rng(0)
    n_trials, n_neurons, n_times = shape
    trial = np.abs(np.cumsum(rng.standard_normal((n_trials, N_COMPONENTS)), axis=0)) + 1
    neuron = rng.exponential(size=(n_neurons, N_COMPONENTS)) ** 2
    peaks = np.linspace(0.1, 0.9, N_COMPONENTS)
    time_ = np.exp(-(((np.linspace(0, 1, n_times)[:, None] - peaks) / 0.08) ** 2))
    model = from_tensorly((None, [trial, neuron, time_]))
    patterns = np.einsum("nr,tr->rnt", neuron, time_).reshape(N_COMPONENTS, -1).astype("f4")
    noise = (3 * rng.standard_normal(n_neurons * n_times)).astype("f4")

    def block(block_info: Any = None) -> np.ndarray:
        (start, stop), *_ = block_info[None]["array-location"]
        values = trial[start:stop].astype("f4") @ patterns
        values += np.roll(noise, 7919 * start)
        return values.reshape(stop - start, n_neurons, n_times)

    rows = tuple(min(50, n_trials - start) for start in range(0, n_trials, 50))
    data = dask.array.map_blocks(
        block, chunks=(rows, (n_neurons,), (n_times,)), dtype="f4", meta=np.empty((0, 0, 0), "f4")
    )
    return model, on_disk(data)


def chromium() -> str | None:
    """Return the system's browser; None for that of Playwright."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if (path := shutil.which(name))), None)


def measure(page: Path) -> dict[str, float]:
    """Open a page and return its size, the first paint, and times of hovering."""
    from playwright.sync_api import sync_playwright

    found: dict[str, float] = {"bytes": page.stat().st_size}

    def busy() -> float:
        """Milliseconds for which the processor has worked on the page, whatever else it did."""
        metrics = {
            each["name"]: each["value"] for each in tools.send("Performance.getMetrics")["metrics"]
        }
        return 1000 * metrics["TaskDuration"]

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 1400, "height": 1000})
        tools = tab.context.new_cdp_session(tab)
        tools.send("Performance.enable", {"timeDomain": "threadTicks"})
        tab.goto(page.as_uri(), wait_until="commit")
        tab.wait_for_selector("html[data-trialtensor=ready]")
        found["first paint (ms)"] = tab.evaluate(
            "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame("
            "() => done(performance.now()))))"
        )
        found["first paint (ms), processor"] = busy()
        for axis in ("neuron", "trial"):
            before = busy()
            took = np.sort(tab.evaluate(_HOVER, [N_MOVES, axis]))
            found[f"hover (ms), {axis}, median"] = float(np.median(took))
            found[f"hover (ms), {axis}, processor"] = (busy() - before) / N_MOVES
            found[f"hover (ms), {axis}, 95th percentile"] = float(np.percentile(took, 95))
        browser.close()
    return found


def main(arguments: list[str] | None = None) -> int:
    """Build and open the page; return 1 if a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=SHAPE[0])
    parser.add_argument("--keep", type=Path, help="where to leave the page")
    parser.add_argument("--no-data", action="store_true", help="show the model only")
    given = parser.parse_args(arguments)
    model, data = planted((given.trials, *SHAPE[1:]))
    from trialtensor.explore import explore

    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        figure = explore(model, None if given.no_data else data)
        path = figure.save(given.keep or Path(folder) / "page.html")
        print(f"built in {time.perf_counter() - start:.1f} s, with a pass over the data")
        found = measure(path)
    for name, value in found.items():
        print(f"{name:34}{value:14,.0f}")
    limits = {name: MOST[name.split(",")[0]] for name in found}
    missed = [name for name, value in found.items() if value > limits[name]]
    print(f"over the limit: {', '.join(missed)}" if missed else "all within their limits")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
