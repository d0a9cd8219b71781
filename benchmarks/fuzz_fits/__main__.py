"""Fit random models to random data and count what breaks a law.

``python -m benchmarks.fuzz_fits 3000`` tries the fits of the numbers 0 to 2,999; a second argument
is the first number.
"""

import sys

from benchmarks.fuzz_fits.trying import try_fits


def main(n_fits: int = 3000, first: int = 0) -> int:
    """Return exit status 1 if any fit broke a law."""
    counts, lines = try_fits(range(first, first + n_fits))
    print("\n".join(lines))
    print(", ".join(f"{n} {what}" for what, n in counts.most_common()))
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
