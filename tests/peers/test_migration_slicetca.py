"""Every row of docs/migration/slicetca.md: their call and ours on the same data.

A test has the name of the row; `test_migration_pages.py` checks that rows and tests agree.
"""

import copy
import importlib
import itertools
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import trialtensor as tt
from trialtensor.selection import CrossValidatedSearch, TimeBlocks

torch = pytest.importorskip("torch", reason="the extra 'models' is not installed")
slicetca = pytest.importorskip("slicetca", reason="the extra 'bench' is not installed")

# How slicetca 1.0.4 indexes its masks.
pytestmark = pytest.mark.filterwarnings("ignore:Using a non-tuple sequence:UserWarning")

SHAPE, RANKS = (16, 10, 12), (2, 1, 1)
# Far fewer steps than it takes by default, each on all of the data.
QUICK = {"learning_rate": 5e-2, "batch_prop": 1.0, "min_std": 0.0, "progress_bar": False}


@pytest.fixture(scope="module")
def X():
    return tt.make_slicetca(*SHAPE, RANKS, snr=4.0, random_state=0).X


@pytest.fixture(scope="module")
def theirs(X):
    return slicetca.decompose(torch.tensor(X), RANKS, max_iter=400, seed=0, **QUICK)


@pytest.fixture(scope="module")
def ours(X):
    return tt.SliceTCA(RANKS, random_state=0).fit(X)


@pytest.fixture(scope="module")
def invariant(theirs):
    model = copy.deepcopy(theirs[1])
    return slicetca.invariance(
        model, max_iter=300, learning_rate=0.1, min_std=0.0, progress_bar=False
    )


def squared_error(X, model):
    return float(np.sum((X - model.construct().detach().numpy()) ** 2))


def test_decompose(X, theirs, ours):
    assert ours.loss_ == pytest.approx(squared_error(X, theirs[1]), rel=1e-3)
    assert ours.loss_ <= squared_error(X, theirs[1]) * (1 + 1e-6)


def test_decompose_tca():
    X = tt.make_tca(*SHAPE, 3, snr=4.0, random_state=0).X
    _, model = slicetca.decompose(torch.tensor(X), 3, max_iter=800, seed=0, **QUICK)
    ours = tt.TCA(3, random_state=0).fit(X)
    assert ours.loss_ == pytest.approx(squared_error(X, model), rel=1e-3)


def test_positive(X):
    X = np.abs(X)
    _, model = slicetca.decompose(
        torch.tensor(X),
        RANKS,
        positive=True,
        initialization="uniform-positive",
        max_iter=500,
        seed=0,
        **QUICK,
    )
    ours = tt.SliceTCA(RANKS, nonnegative=True, random_state=0).fit(X)
    assert ours.loss_ == pytest.approx(squared_error(X, model), rel=0.02)
    assert ours.trial_slices_.min() >= 0


def test_mask(X):
    """True is what is fitted, for both."""
    mask = np.random.default_rng(0).random(SHAPE) < 0.85
    given = torch.tensor(X)
    _, model = slicetca.decompose(
        given, RANKS, mask=torch.tensor(mask), max_iter=800, seed=0, **QUICK
    )
    ours = tt.SliceTCA(RANKS, missing_weight=0, random_state=0).fit(X, mask=mask)
    there = np.sum((X - model.construct().detach().numpy())[mask] ** 2)
    assert ours.loss_ == pytest.approx(there, rel=2e-2)
    assert ours.loss_ <= there * (1 + 1e-4)


def test_get_components(theirs):
    (trial, trial_slices), (neuron, neuron_slices), _ = theirs[1].get_components(numpy=True)
    model = tt.SliceTCA(RANKS, random_state=0).fit(theirs[1].construct().detach().numpy())
    assert model.trial_loadings_.T.shape == trial.shape
    assert model.trial_slices_.shape == trial_slices.shape
    assert model.neuron_loadings_.T.shape == neuron.shape
    assert model.neuron_slices_.shape == neuron_slices.shape
    # The same subspace of trials, which both determine.
    here, _ = np.linalg.qr(model.trial_loadings_)
    there, _ = np.linalg.qr(trial.T)
    np.testing.assert_allclose(np.linalg.svd(here.T @ there)[1], 1, atol=1e-4)


def test_construct(theirs, ours):
    there = theirs[1].construct().detach().numpy()
    assert np.linalg.norm(ours.reconstruct() - there) < 0.03 * np.linalg.norm(there)


def test_construct_single_partition(invariant, theirs):
    model = tt.from_slicetca(theirs[1].get_components(numpy=True))
    for number, slicing in enumerate(("trial", "neuron", "time")):
        there = invariant.construct_single_partition(number).detach().numpy()
        np.testing.assert_allclose(model.reconstruct(slicing), there, atol=1e-2)


def test_construct_single_component(invariant, theirs):
    model = tt.from_slicetca(theirs[1].get_components(numpy=True))
    there = invariant.construct_single_component(0, 0).detach().numpy()
    here = model.trial_loadings_[:, 0, None, None] * model.trial_slices_[0]
    np.testing.assert_allclose(here, there, atol=1e-2)


def test_set_components(theirs):
    components = theirs[1].get_components(numpy=True)
    model = slicetca.core.SliceTCA(SHAPE, RANKS)
    model.set_components(components)
    there = model.construct().detach().numpy()
    np.testing.assert_allclose(tt.from_slicetca(components).reconstruct(), there, atol=1e-5)


def test_losses(X, theirs, ours):
    assert ours.loss_history_[-1] / X.size == pytest.approx(theirs[1].losses[-1], rel=1e-3)


def test_invariance(invariant, theirs):
    """A fit to what their model says of the data, and the gauge of their components."""
    there = unit(invariant.get_components(numpy=True)[0][0]).T
    said = theirs[1].construct().detach().numpy()
    fitted = tt.SliceTCA(RANKS, gauge="minimal-norm", random_state=0).fit(said)
    given = tt.from_slicetca(theirs[1].get_components(numpy=True))
    for model in (fitted, given):
        cosines = np.sum(model.trial_loadings_ * there, axis=0)
        np.testing.assert_allclose(np.abs(cosines), 1, atol=1e-3)


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_plot(invariant, theirs):
    model = tt.from_slicetca(theirs[1].get_components(numpy=True))
    axes = slicetca.plot(invariant)
    there = [axes[0][0][i].lines[0].get_ydata() for i in range(RANKS[0])]
    figure = tt.plot_slices(model)
    curves = [np.asarray(xy) for xy in drawn(figure) if len(xy) == SHAPE[0]]
    here = [xy for xy in curves if np.std(xy) > 0]
    for curve in there:
        # Signs are free.
        likeness = [abs(np.corrcoef(curve, mine)[0, 1]) for mine in here]
        assert max(likeness) > 0.999


def drawn(axes):
    """Yield the vertical positions of lines and points."""
    for panel in np.ravel(axes):
        if panel is None:
            continue
        yield from (line.get_ydata() for line in panel.lines)
        yield from (each.get_offsets()[:, 1] for each in panel.collections)


def test_block_mask():
    """Blocks of 2 * 2 + 1 bins, with one more on both sides that isn't fitted either."""
    shape = (30, 12, 40)
    torch.manual_seed(0)
    train, test = slicetca.block_mask(shape, (0, 0, 3), (0, 0, 2), fraction_test=0.1)
    train, test = train.numpy(), test.numpy()
    ours = next(iter(TimeBlocks(0.1, length=5, guard=1, random_state=0).split(np.zeros(shape))))
    # Theirs overlap each other and the ends of trials, so that fewer entries are held out.
    assert 0.07 < test.mean() <= ours[1].mean() == pytest.approx(0.1, abs=1e-3)
    for fitted, predicted in ((train, test), ours):
        assert not (fitted & predicted).any()
        beside = np.zeros(shape, bool)
        beside[:, :, 1:] |= predicted[:, :, :-1]
        beside[:, :, :-1] |= predicted[:, :, 1:]
        np.testing.assert_array_equal(fitted, ~(predicted | beside))


class Given:
    """A splitter that returns masks made elsewhere."""

    def __init__(self, *masks):
        self.masks = masks

    def split(self, X, mask=None):
        """Yield the masks of the one split."""
        yield self.masks


@pytest.fixture(scope="module")
def held_out(X):
    torch.manual_seed(0)
    masks = slicetca.block_mask(SHAPE, (0, 0, 2), (0, 0, 1), fraction_test=0.15)
    return [mask.numpy() for mask in masks]


@pytest.fixture(scope="module")
def grid(X, held_out):
    """Their losses of held-out entries for 1 to 3 trial- and 0 to 1 neuron-slicing components."""
    module = importlib.import_module("slicetca.run.grid_search")
    with pytest.MonkeyPatch.context() as patch:
        # Processes would each start torch anew.
        patch.setattr(module, "Pool", ThreadPoolExecutor)
        patch.setattr(module.mp, "set_start_method", lambda *args, **kwargs: None)
        train, test = map(torch.tensor, held_out)
        losses, _ = slicetca.grid_search(
            torch.tensor(X), (3, 1, 0), train, test, min_ranks=(1, 0, 0), max_iter=400, **slow()
        )
    return losses


def slow():
    return {name: value for name, value in QUICK.items() if name != "progress_bar"}


@pytest.fixture(scope="module")
def search(X, held_out):
    candidates = list(itertools.product(range(1, 4), range(2), [0]))
    found = CrossValidatedSearch(
        tt.SliceTCA((1, 0, 0), n_init=3, missing_weight=0),
        candidates,
        splits=Given(*held_out),
        random_state=0,
    )
    return found.fit(X)


def test_grid_search(X, held_out, grid, search):
    """Theirs is the mean of squared errors, ours is relative to predicting zero."""
    _, test = held_out
    table = search.table_[search.table_["n_components"] != 0].set_index("n_components")
    for (trial, neuron), loss in np.ndenumerate(grid[:, :, 0, 0]):
        error = table.loc[[(trial + 1, neuron, 0)], "error"].item()
        assert error * np.mean(X[test] ** 2) == pytest.approx(loss, rel=0.1)


def test_plot_grid(grid, search):
    slicetca.plot_grid(grid, min_ranks=(1, 0, 0))
    axes = tt.plot_search(search)
    best = np.unravel_index(grid.argmin(), grid.shape)
    assert search.best_n_components_ == (best[0] + 1, best[1], best[2])
    assert len(np.ravel(axes)) >= 1
