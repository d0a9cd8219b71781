"""One likelihood for all theories."""

import numpy as np
import pytest
from scipy.stats import norm

from trialtensor.tracking import one_rate_fit, two_rate_fit
from trialtensor_models import OneStateModel, TwoStateModel
from trialtensor_models.rates import THEORIES, Behaviour
from trialtensor_models.rates.theories import model_of
from trialtensor_models.rates.theory_fits import fit_theory
from trialtensor_models.rates.theory_specs import SPECS, context_spec

P = np.r_[np.zeros(10), np.full(70, 30.0), np.full(12, -30.0), np.full(30, np.nan)]


def draw(model, n=6, noise=3.0, trials=P):
    return np.array([model.simulate(trials, noise=noise, random_state=i).shown for i in range(n)])


@pytest.mark.parametrize("form", ["parallel", "serial"])
def test_two_rates_are_those_of_the_other_fit(form):
    y = draw(TwoStateModel(form=form))
    ours = TwoStateModel.fit(Behaviour.of(y, P), form=form)
    theirs = two_rate_fit(y, P, form=form)
    for name, value in theirs.parameters.items():
        assert getattr(ours, name) == pytest.approx(value, abs=2e-3)
    assert ours.found.log_likelihood == pytest.approx(theirs.log_likelihood, abs=1e-2)
    assert ours.form == form


def test_one_rate_is_that_of_the_other_fit():
    y = draw(OneStateModel())
    ours, theirs = OneStateModel.fit(Behaviour.of(y, P)), one_rate_fit(y, P)
    assert pytest.approx(theirs.parameters["A"], abs=1e-4) == ours.A
    assert ours.found.bic == pytest.approx(theirs.bic, abs=1e-2)
    # By two ways of leaving subjects out: all of the fit, or a step of it.
    low, high = theirs.intervals["B"]
    assert np.ptp(ours.found.intervals["B"]) == pytest.approx(high - low, rel=0.2)


@pytest.mark.parametrize("name", SPECS)
def test_coordinates_and_back(name):
    spec = SPECS[name]
    for values in (*spec.starts, *spec.more_starts(8)):
        for there, back in ((spec.free, spec.values), (spec.natural, spec.of_natural)):
            found = back(there(values))
            assert found == pytest.approx(values, rel=1e-6)


@pytest.mark.parametrize("name", SPECS)
def test_a_fit_expects_what_its_model_does(name):
    behaviour = Behaviour.of(draw(THEORIES[name]), P)
    fit = fit_theory(SPECS[name], behaviour)
    model = model_of(fit)
    assert model.found is fit and type(model) is type(THEORIES[name])
    assert np.allclose(model.simulate(P).output, fit.predict(behaviour), atol=1e-9)
    density = norm.logpdf(behaviour.adaptation, fit.predict(behaviour), fit.noise)
    assert np.allclose(density, fit.log_density(behaviour))
    assert len(repr(fit)) < 700 and "\n" not in repr(fit)


def test_likelihood_is_that_of_the_noise():
    fit = fit_theory(SPECS["two-state"], Behaviour.of(draw(TwoStateModel()), P))
    behaviour = Behaviour.of(draw(TwoStateModel()), P)
    gap = (behaviour.adaptation - fit.predict(behaviour)).ravel()
    expected = norm.logpdf(gap, scale=np.sqrt(np.mean(gap**2))).sum()
    assert fit.log_likelihood == pytest.approx(expected)
    assert fit.bic == pytest.approx(5 * np.log(gap.size) - 2 * expected)


def test_units_do_not_matter():
    y = draw(THEORIES["context inference"])
    spec = SPECS["context inference"]
    degrees = fit_theory(spec, Behaviour.of(y, P), starts=spec.starts)
    turns = fit_theory(spec, Behaviour.of(y / 360, P / 360), starts=spec.starts)
    assert turns.parameters == pytest.approx(degrees.parameters, rel=1e-3)
    assert turns.noise == pytest.approx(degrees.noise / 360, rel=1e-6)


def test_missing_trials_and_single_subjects():
    y = draw(TwoStateModel(), n=1)[0]
    y[[3, 40, 90]] = np.nan
    fit = fit_theory(SPECS["two-state"], Behaviour.of(y, P))
    assert fit.n_observations == len(P) - 3
    assert np.isnan(fit.log_density(Behaviour.of(y, P))).sum() == 3
    assert all(low < high for low, high in fit.intervals.values())


def test_what_nothing_tells_of_has_a_wide_interval():
    y = draw(OneStateModel(), trials=P)
    low, high = fit_theory(SPECS["two-state"], Behaviour.of(y, P)).intervals["A_f"]
    fit = fit_theory(context_spec(("cue_concentration", "retention")), Behaviour.of(y, P))
    wide = fit.intervals["cue_concentration"]
    assert wide == (0.3, 300.0)  # all of the range: there are no cues
    assert high > low


def test_wrong_levels():
    behaviour = Behaviour.of(draw(OneStateModel()), P)
    for level in (0, 1, 95):
        with pytest.raises(ValueError, match="level"):
            fit_theory(SPECS["one-rate"], behaviour, level=level)


def test_a_behaviour_has_its_own_schedule():
    behaviour = Behaviour.of(draw(OneStateModel()), P)
    for model in (OneStateModel, TwoStateModel):
        with pytest.raises(ValueError, match="has its own"):
            model.fit(behaviour, P)
        with pytest.raises(ValueError, match="perturbation: expected a value"):
            model.fit(behaviour.adaptation)
