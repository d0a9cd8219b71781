"""No text in a table begins like a formula; numbers stay numbers; everything comes back."""

import csv
import io

import numpy as np
import pandas
import pytest
import xarray

from trialtensor import TCA, make_tca
from trialtensor.io import export
from trialtensor.storage import csv_text, frame_text, harmless

FORMULAS = ["=1+1", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1"]
PLAIN = ["left", "a=b", "'quoted", "-5", "+3.5e-2", "-.5", "", "1-2", " =1"]


@pytest.mark.parametrize("text", FORMULAS)
def test_formulas_become_text(text):
    assert harmless(text) == "'" + text
    assert harmless(np.str_(text)) == "'" + text
    assert harmless(text.encode()) == "'" + text


@pytest.mark.parametrize("cell", [*PLAIN, -5, -0.5, -np.inf, None, True])
def test_other_cells_stay(cell):
    assert harmless(cell) == cell


def test_cells_with_separators_quotes_and_lines_come_back():
    cells = ["a,b", 'say "x"', "two\nlines", "two\rlines", "ä"]
    frame = pandas.DataFrame({"cell": cells, "@n": [-1.5, np.nan, -2, 0, 1]})
    for text in (
        csv_text(["cell", "@n"], [[cell, 0] for cell in cells]),
        frame_text(frame),
    ):
        header, *rows = csv.reader(io.StringIO(text, newline=""))
        assert header == ["cell", "'@n"] and [row[0] for row in rows] == cells


def test_numbers_and_types_of_a_table_come_back():
    frame = pandas.DataFrame(
        {"n": [1, -2], "x": [-0.1, np.nan], "mixed": ["=a", None], "ok": [True, False]},
        index=["-a", "b"],
    )
    back = pandas.read_csv(io.StringIO(frame_text(frame, index=True, index_label="=i")))
    assert back["'=i"].tolist() == ["'-a", "b"]
    assert back["n"].tolist() == [1, -2] and back["ok"].tolist() == [True, False]
    assert back["x"][0] == -0.1 and np.isnan(back["x"][1])
    assert back["mixed"][0] == "'=a" and pandas.isna(back["mixed"][1])
    assert frame.index.tolist() == ["-a", "b"] and frame["mixed"].iloc[0] == "=a"  # untouched


def test_labels_of_factor_tables_are_harmless(tmp_path):
    X = xarray.DataArray(
        make_tca(8, 6, 5, 2, snr=20.0, random_state=0).X,
        dims=("trial", "neuron", "time"),
        coords={"=cue": ("trial", ["=A1", "-left"] * 4), "neuron": [f"@n{i}" for i in range(6)]},
    )
    export.write_factors(TCA(2, n_init=1, random_state=0).fit(X), tmp_path)
    for path in tmp_path.glob("*.csv"):
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.reader(file):
                for cell in row:
                    assert not cell.startswith(tuple("=+@\t\r")), path.name
                    assert not cell.startswith("-") or float(cell) < 0
