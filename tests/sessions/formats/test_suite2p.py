import numpy as np
import pandas
import pytest

from trialtensor.sessions import open_session

SIGNALS = ("F", "Fneu", "spks")
N_CELLS, N_FRAMES, RATE = 7, 90, 15.0


def write_plane(folder, plant, seed=0, n_frames=N_FRAMES):
    """Write what Suite2p writes; what it pickles is a trap here."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    arrays = {name: rng.random((N_CELLS, n_frames)).astype(np.float32) for name in SIGNALS}
    arrays["iscell"] = np.c_[rng.integers(0, 2, N_CELLS), rng.random(N_CELLS)]
    for name, values in arrays.items():
        np.save(folder / f"{name}.npy", values)
    for name in ("ops.npy", "stat.npy"):
        plant(folder / name)
    return arrays


def test_a_plane_is_what_numpy_reads(tmp_path, plant):
    written = write_plane(tmp_path / "suite2p" / "plane0", plant)
    for path in (tmp_path, tmp_path / "suite2p", tmp_path / "suite2p" / "plane0"):
        with open_session(path, rate=RATE) as session:
            assert list(session.traces) == list(SIGNALS)
            for name in SIGNALS:
                assert np.array_equal(session.traces[name].values, written[name].T)
                assert session.traces[name].values.dtype == np.float32
            table = session.traces["F"].table
            assert table["iscell"].tolist() == (written["iscell"][:, 0] == 1).tolist()
            assert np.array_equal(table["iscell_probability"], written["iscell"][:, 1])
            assert np.array_equal(session.traces["F"].times, np.arange(N_FRAMES) / RATE)
            assert "never loaded, because pickled: ops.npy and stat.npy" in str(session)


def test_the_frame_rate_is_asked_for(tmp_path, plant):
    write_plane(tmp_path / "plane0", plant)
    with pytest.raises(ValueError, match=r"7 cells and 90 frames .*ops\.npy.*rate=30\.0") as caught:
        open_session(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_planes_are_together_in_the_order_of_their_numbers(tmp_path, plant):
    planes = {k: write_plane(tmp_path / f"plane{k}", plant, k, 90 - k) for k in (10, 0, 2)}
    write_plane(tmp_path / "combined", plant, 5)
    session = open_session(tmp_path, rate=RATE)
    expected = np.vstack([planes[k]["spks"][:, :80] for k in (0, 2, 10)]).T
    assert np.array_equal(session.traces["spks"].values, expected)
    table = session.traces["spks"].table
    assert table["plane"].tolist() == [f"plane{k}" for k in (0, 2, 10) for _ in range(N_CELLS)]
    assert table["roi"].tolist() == list(range(N_CELLS)) * 3
    said = str(session)
    assert "combined holds the same cells" in said and "plane2 88" in said


def test_neuropil_is_subtracted_if_asked_for(tmp_path, plant):
    written = write_plane(tmp_path / "plane0", plant)
    session = open_session(tmp_path, rate=RATE, neuropil=0.7)
    expected = (written["F"] - np.float32(0.7) * written["Fneu"]).T
    assert np.array_equal(session.traces["F_corrected"].values, expected)
    assert "F_corrected is F - 0.7 * Fneu" in str(session)
    assert "F_corrected" not in open_session(tmp_path, rate=RATE).traces
    (tmp_path / "plane0" / "Fneu.npy").unlink()
    with pytest.raises(ValueError, match=r"neuropil=0\.7: there is no Fneu"):
        open_session(tmp_path, rate=RATE, neuropil=0.7)


def test_trials_lie_in_the_folder_or_are_given(tmp_path, plant):
    write_plane(tmp_path / "plane0", plant)
    table = pandas.DataFrame({"trial": [3, 4], "cue": [1.0, 2.5]})
    assert open_session(tmp_path, rate=RATE).trials is None
    table.to_csv(tmp_path / "trials.csv", index=False)
    assert open_session(tmp_path, rate=RATE).trials["cue"].to_dict() == {3: 1.0, 4: 2.5}
    (tmp_path / "trials.csv").rename(tmp_path / "other.csv")
    found = open_session(tmp_path, rate=RATE, trials="other.csv").trials
    assert found.index.name == "trial" and found["cue"].to_dict() == {3: 1.0, 4: 2.5}
    with pytest.raises(ValueError, match=r"trials='none.csv': there is no such file"):
        open_session(tmp_path, rate=RATE, trials="none.csv")


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        ("iscell", np.ones((3, 2)), "iscell.npy has the shape (3, 2), but F.npy has 7 cells"),
        ("F", np.ones(5), "F.npy has the shape (5,)"),
        ("F", np.array([["a"]]), "holds text"),
    ],
)
def test_files_that_do_not_fit_are_named(tmp_path, plant, name, values, said):
    write_plane(tmp_path / "plane0", plant)
    np.save(tmp_path / "plane0" / f"{name}.npy", values)
    with pytest.raises(ValueError) as caught:
        open_session(tmp_path, rate=RATE)
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_a_signal_of_another_shape_is_refused_when_it_is_read(tmp_path, plant):
    write_plane(tmp_path / "plane0", plant)
    np.save(tmp_path / "plane0" / "spks.npy", np.ones((7, 3)))
    session = open_session(tmp_path, rate=RATE)
    with pytest.raises(ValueError, match=r"spks.npy has the shape \(7, 3\), F.npy \(7, 90\)"):
        _ = session.traces["spks"].values


def test_pickled_values_are_refused(tmp_path, plant):
    write_plane(tmp_path / "plane0", plant)
    plant(tmp_path / "plane0" / "iscell.npy")
    with pytest.raises(
        ValueError, match=r"iscell.npy: holds Python objects \(a pickle\), .* never"
    ):
        open_session(tmp_path, rate=RATE)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"rate": 0}, "rate: expected a number above 0, got 0"),
        ({"rate": "30"}, "rate: expected a number above 0, got '30'"),
        ({"rate": 30, "neuropil": "x"}, "neuropil: expected a number, got 'x'"),
        ({"rate": 30, "trials": 5}, "trials: expected a file or a table, got int"),
        ({"rate": 30, "speed": 5}, "has no option 'speed'; it takes rate, neuropil, trials"),
    ],
)
def test_wrong_options_are_named(tmp_path, plant, given, said):
    write_plane(tmp_path / "plane0", plant)
    with pytest.raises(ValueError) as caught:
        open_session(tmp_path, **given)
    assert said in str(caught.value) and str(tmp_path) in str(caught.value)
