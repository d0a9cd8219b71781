import numpy as np
import pytest

from trialtensor.events import Traces, Units
from trialtensor.opening.guard import UnreadableError
from trialtensor.sessions import Session


def test_errors_that_are_found_later_name_the_file(tmp_path):
    path = tmp_path / "monday.nwb"
    bad = Traces("dff", None, lambda: np.ones((3, 2)), timestamps=[0.0, 2.0, 1.0])
    units = Units(None, lambda: (np.array([np.inf]), np.array([0])))
    session = Session("monday", path, units=units, traces={"dff": bad})
    with pytest.raises(UnreadableError, match=r"monday\.nwb: timestamps of traces 'dff': expected"):
        _ = session.traces["dff"].times
    with pytest.raises(UnreadableError, match=r"monday\.nwb: spike times"):
        _ = session.units.times


def test_errors_of_values_in_memory_name_no_file():
    bad = Traces("dff", None, lambda: np.ones((3, 2)), timestamps=[0.0, 2.0, 1.0])
    with pytest.raises(ValueError, match=r"^timestamps of traces 'dff'"):
        _ = bad.times
