"""Fits of many numbers, and how they went."""

import traceback
from collections import Counter

from benchmarks.fuzz_fits.cases import draw
from benchmarks.fuzz_fits.laws import RefusedError, broken_laws


def try_fits(seeds: range) -> tuple[Counter[str], list[str]]:
    """Return how the fits went, and a line for each that broke a law.

    Parameters
    ----------
    seeds : range
        A fit each.
    """
    counts: Counter[str] = Counter()
    lines = []
    for seed in seeds:
        case = draw(seed)
        try:
            broken = list(broken_laws(case))
        except RefusedError:
            counts["refused by name"] += 1
            continue
        except Exception:
            broken = [traceback.format_exc().strip().replace("\n", "\n    ")]
        counts["broken" if broken else "kept every law"] += 1
        lines += [f"{case}\n    {each}" for each in broken]
    return counts, lines
