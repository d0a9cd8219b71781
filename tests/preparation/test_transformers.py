"""What all transformers keep: labels, missing entries, types, and the habits of scikit-learn."""

import numpy as np
import pytest
import xarray
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

import trialtensor as tt
from trialtensor.data import transform_values
from trialtensor.preparation import (
    SelectNeurons,
    Smooth,
    SoftNormalize,
    SquareRoot,
    SubtractBaseline,
    SubtractConditionMean,
    ZScore,
)

ALL = [
    Smooth(0.02),
    SquareRoot(),
    SquareRoot("anscombe"),
    SoftNormalize(0.1),
    SoftNormalize(0.1, by="side"),
    ZScore(),
    SubtractBaseline((-0.1, 0.0)),
    SubtractBaseline((-0.1, 0.0), each="neuron"),
    SubtractConditionMean("side"),
    SubtractConditionMean(),
    SelectNeurons(min_rate=1),
]
WITH_INVERSE = [each for each in ALL if hasattr(each, "inverse_transform")]


def names(each):
    return repr(each)


@pytest.fixture
def recording():
    rng = np.random.default_rng(0)
    values = rng.poisson(rng.uniform(0.5, 4, (1, 6, 1)), (12, 6, 30)).astype(float)
    values[3, 2, 5:9] = np.nan
    values[5, 4] = np.nan
    return xarray.DataArray(
        values,
        dims=("trial", "neuron", "time"),
        coords={
            "trial": np.arange(100, 112),
            "side": ("trial", np.tile(["left", "right"], 6)),
            "neuron": [f"u{i}" for i in range(6)],
            "region": ("neuron", ["M1", "M1", "S1", "S1", "M1", "S1"]),
            "time": -0.1 + 0.01 * np.arange(30),
        },
        attrs={"bin_size": 0.01},
    )


@pytest.mark.parametrize("transformer", ALL, ids=names)
def test_labels_missing_entries_and_input_are_kept(recording, transformer):
    given = recording.transpose("time", "neuron", "trial").rename(neuron="unit", time="bin")
    before = given.to_numpy().copy()
    found = clone(transformer).fit(given).transform(given)
    assert found.dims == ("trial", "neuron", "time")
    for name in ("trial", "side", "neuron", "region", "time"):
        np.testing.assert_array_equal(found.coords[name], recording.coords[name])
    np.testing.assert_array_equal(np.isnan(found), np.isnan(recording))
    done = found.attrs.pop("prepared")
    assert done.startswith(type(transformer).__name__) and found.attrs == recording.attrs
    np.testing.assert_array_equal(given.to_numpy(), before)


@pytest.mark.parametrize("transformer", ALL, ids=names)
def test_arrays_give_arrays_and_a_mask_is_as_good_as_nan(recording, transformer):
    transformer = clone(transformer)
    if isinstance(transformer, Smooth):
        transformer.set_params(width=2, unit="bins")
    for name, value in (("by", recording["side"].to_numpy()), ("window", (0, 10))):
        if getattr(transformer, name, None) is not None:
            transformer.set_params(**{name: value})
    if isinstance(transformer, SelectNeurons):
        transformer.set_params(bin_size=0.01)
    labelled = transformer.fit_transform(recording.assign_coords(time=np.arange(30)).drop_attrs())
    bare = recording.to_numpy()
    found = transformer.fit_transform(bare)
    assert type(found) is np.ndarray
    np.testing.assert_array_equal(found, labelled)
    mask = ~np.isnan(bare)
    hidden = np.where(mask, bare, 7.0)
    np.testing.assert_array_equal(transformer.fit_transform(hidden, mask=mask), found)
    masked = np.ma.masked_array(hidden, ~mask)
    np.testing.assert_array_equal(transformer.fit_transform(masked), found)


@pytest.mark.parametrize("transformer", ALL, ids=names)
@pytest.mark.parametrize("dtype", [np.float32, np.int16])
def test_types(recording, transformer, dtype):
    found = clone(transformer).fit_transform(recording.fillna(0).astype(dtype))
    kept = isinstance(transformer, SelectNeurons)
    assert found.dtype == (dtype if kept or dtype == np.float32 else np.float64)


@pytest.mark.parametrize("transformer", WITH_INVERSE, ids=names)
def test_the_inverse_restores_what_was_given(recording, transformer):
    transformer = clone(transformer).fit(recording)
    found = transformer.inverse_transform(transformer.transform(recording))
    xarray.testing.assert_allclose(found, recording, rtol=1e-13, atol=1e-13)
    assert set(found.coords) == set(recording.coords) and found.attrs == recording.attrs


def test_inverses_are_exact_where_they_can_be(recording):
    counts = recording.fillna(0)
    for transformer in (SquareRoot(), SquareRoot("anscombe")):
        back = transformer.fit(counts).inverse_transform(transformer.transform(counts))
        np.testing.assert_array_equal(back.round(9), counts)
        np.testing.assert_allclose(back, counts, rtol=1e-15, atol=1e-15)
    assert not hasattr(Smooth(1), "inverse_transform"), "what was smoothed away is lost"


@pytest.mark.parametrize("transformer", ALL, ids=names)
def test_other_neurons_are_refused(recording, transformer):
    transformer = clone(transformer).fit(recording)
    with pytest.raises(ValueError, match=r"^X: expected the 6 neurons .* got 5"):
        transformer.transform(recording[:, :5])
    with pytest.raises(ValueError, match=r"^X: .* in their order, but 6 of 6 differ; neuron 0"):
        transformer.transform(recording[:, [1, 0, 3, 2, 5, 4]])


@pytest.mark.parametrize("transformer", ALL, ids=names)
def test_names_of_features(recording, transformer):
    transformer = clone(transformer).fit(recording)
    assert transformer.n_features_in_ == 6
    assert transformer.feature_names_in_.tolist() == [f"u{i}" for i in range(6)]
    assert transformer.get_feature_names_out().tolist() == [f"u{i}" for i in range(6)]
    bare = recording.drop_vars("neuron")
    names = transformer.fit(bare).get_feature_names_out()
    assert names.tolist() == [f"neuron{i}" for i in range(6)]
    assert not hasattr(transformer, "feature_names_in_")


@pytest.mark.parametrize("transformer", ALL, ids=names)
def test_one_trial_and_one_bin(recording, transformer):
    one = recording[:1, :, 4:5].fillna(0)
    found = clone(transformer).fit_transform(one)
    assert found.sizes["trial"] == found.sizes["time"] == 1
    assert np.isfinite(found).all()


def test_xarray_can_be_asked_for(recording):
    found = ZScore().set_output(transform="xarray").fit_transform(recording.to_numpy())
    assert found.dims == ("trial", "neuron", "time")
    copy = clone(SquareRoot().set_output(transform="xarray"))
    assert copy.fit_transform(np.ones((2, 2, 2))).dims == ("trial", "neuron", "time")
    with pytest.raises(ValueError, match=r"^transform: expected one of 'default', 'xarray'"):
        ZScore().set_output(transform="excel")


def test_a_pipeline_before_a_model(recording):
    X = recording.drop_vars("region")
    pipeline = make_pipeline(
        SelectNeurons(min_presence=0.5), SquareRoot(), Smooth(0.02), tt.TCA(1, random_state=0)
    )
    found = pipeline.fit_transform(X)
    by_hand = Smooth(0.02).fit_transform(transform_values(X, "sqrt"))
    np.testing.assert_array_equal(found, tt.TCA(1, random_state=0).fit_transform(by_hand))
    assert pipeline[-1].coords_["side"][1].tolist() == X["side"].to_numpy().tolist()
    table = pipeline.set_output(transform="pandas").fit_transform(X)
    assert table.shape == (12, 1)


def test_inverse_of_a_pipeline_is_in_the_units_of_the_data():
    X = 5 + tt.make_tca(30, 10, 15, 1, snr=np.inf, random_state=0).X
    pipeline = make_pipeline(ZScore(), SoftNormalize(1.0), tt.TCA(2, random_state=0))
    told = pipeline.inverse_transform(pipeline.fit_transform(X))
    assert np.abs(told - X).max() < 0.05 * np.abs(X).max()


def test_a_grid_search_over_steps(recording):
    X = recording.fillna(0)
    pipeline = make_pipeline(SubtractConditionMean("side"), Smooth(0.02), tt.TCA(1, n_init=1))
    grid = {"smooth__width": [0.01, 0.03], "tca__n_components": [1, 2]}
    search = GridSearchCV(pipeline, grid, cv=3, error_score="raise").fit(X)
    assert search.best_params_["smooth__width"] == 0.03, "smoother data is easier to explain"


@pytest.mark.parametrize(
    ("transformer", "message"),
    [
        (Smooth(-1), r"^width: "),
        (Smooth(1, unit="ms"), r"^unit: expected one of 'seconds', 'bins'"),
        (Smooth(1, fill="no"), r"^fill: "),
        (Smooth(1), r"^unit: a width in seconds needs"),
        (SquareRoot("log"), r"^kind: "),
        (SquareRoot(), r"'sqrt' needs values that are not negative, but 360 of 360"),
        (SoftNormalize(-1.0), r"^constant: "),
        (SoftNormalize(by="side"), r"^by: the data has no coordinate 'side'"),
        (SubtractBaseline((1, 0)), r"^window: expected \(start, stop\)"),
        (SubtractBaseline("ab"), r"^window: expected \(start, stop\)"),
        (SubtractBaseline((40, 50)), r"^window: no bin .* times of the data go from 0 to 29"),
        (SubtractBaseline((0, 5), each="bin"), r"^each: "),
        (SubtractConditionMean(["a"] * 11), r"^by: expected a label for each trial"),
        (SubtractConditionMean(["a"] * 11 + [None]), r"^by: some labels are NaN, None or empty"),
        (SelectNeurons(min_rate=1), r"^bin_size: a rate in spikes/s needs"),
        (SelectNeurons(min_presence=2), r"^min_presence: "),
        (SelectNeurons(where="M1"), r"^where: expected a dict"),
        (SelectNeurons(where={"region": "M1"}), r"^where: the data has no coordinate 'region'"),
        (SelectNeurons(min_mean=100), r"none of the 1 neurons meets all conditions"),
    ],
    ids=names,
)
def test_what_is_refused(transformer, message):
    X = np.full((12, 1, 30), -1.0)
    with pytest.raises(ValueError, match=message):
        transformer.fit(X)


def test_shared_arithmetic(recording):
    np.testing.assert_array_equal(
        ZScore().fit_transform(recording), transform_values(recording, "zscore")
    )
    np.testing.assert_array_equal(
        SquareRoot().fit_transform(recording), transform_values(recording, "sqrt")
    )
