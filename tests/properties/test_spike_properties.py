"""Counts of times on decimal grids are those of whole numbers, whatever the grid and the hour."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import trialtensor as tt

TICKS = st.sampled_from([10, 1000, 20_000, 30_000, 1_000_000])  # a second


@settings(max_examples=150, deadline=None)
@given(data=st.data(), ticks=TICKS, hours=st.integers(0, 200))
def test_counts_on_a_clock(data, ticks, hours):
    width = data.draw(st.integers(1, 500), "ticks a bin")
    n_bins = data.draw(st.integers(1, 40), "bins")
    start = data.draw(st.integers(-20_000, 20_000), "start of the window")
    offset = 3600 * hours * ticks
    events = offset + np.array(data.draw(st.lists(st.integers(0, 10_000), min_size=1, max_size=5)))
    near = st.integers(-3 * width, (n_bins + 3) * width)
    # One is in a window, or trials would be refused as being elsewhere.
    spikes = events[0] + start + np.array([0, *data.draw(st.lists(near, max_size=60))])
    X = tt.bin_spikes(
        [spikes / ticks],
        {"event": events / ticks},
        align_to="event",
        window=(start / ticks, (start + n_bins * width) / ticks),
        bin_size=width / ticks,
    )
    for trial, event in enumerate(events):
        places = (spikes - event - start) // width
        inside = places[(places >= 0) & (places < n_bins)]
        assert np.array_equal(X[trial, 0], np.bincount(inside, minlength=n_bins))
