"""Whole sessions of spike counts: drift is no learning, and learning is found in it."""

import numpy as np
import pytest

from benchmarks.sessions import BOTH, LEARNER, Setting, analyse, make_session


def test_sessions_are_what_they_say():
    session = make_session(Setting(dropouts=0.2, n_trials=80), 0)
    assert session.X.shape == (80, 50, 25) and session.dropped
    for neuron, trial in session.dropped.items():
        assert session.X[trial:, neuron].mean() < 0.25 or trial > 75
    still, learned = (make_session(Setting(learning=each), 1).X for each in (0.0, 0.6))
    np.testing.assert_array_equal(still[:40], learned[:40])
    ratio = np.mean(learned[80:] ** 2, axis=0) / np.mean(still[80:] ** 2, axis=0)
    course = make_session(Setting(), 1).course
    assert LEARNER == 2 and ratio[:, course > 0.8].mean() > 1.15
    assert abs(ratio[:, course < 0.01].mean() - 1) < 0.1


@pytest.mark.slow
def test_drift_and_dropouts_are_not_learning_and_learning_is_found_among_them():
    n = 12
    still = [analyse(Setting(**BOTH), make_session(Setting(**BOTH), seed)) for seed in range(n)]
    assert sum(each.found for each in still) >= n - 1
    assert sum(each.confirmed for each in still) <= 1
    setting = Setting(**BOTH, learning=0.6)
    learns = [analyse(setting, make_session(setting, seed)) for seed in range(n)]
    assert sum(each.learner_confirmed for each in learns) >= 0.6 * n
    assert sum(each.others_confirmed for each in learns) <= 0.3 * n
