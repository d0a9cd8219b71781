"""Fit random models to random data and count what breaks a law.

``python -m tests.fuzz.fits 3000`` tries the fits of the numbers 0 to 2,999; a second argument is
the first number.
"""

import sys
import traceback
from collections import Counter

from tests.fuzz.fit_cases import draw
from tests.fuzz.fit_laws import RefusedError, broken_laws


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


def main(n_fits: int = 3000, first: int = 0) -> int:
    """Return exit status 1 if any fit broke a law."""
    counts, lines = try_fits(range(first, first + n_fits))
    print("\n".join(lines))
    print(", ".join(f"{n} {what}" for what, n in counts.most_common()))
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
