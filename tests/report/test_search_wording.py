import numpy as np
import pytest

from tests.made_searches import NOISE, TRIPLES, TYPICAL, made_profile, made_search
from trialtensor.report import search_wording as wording
from trialtensor.selection import Speckled, TimeBlocks, TrialsByNeurons, WholeTrials


def test_the_simpler_of_two_equals():
    sentence = wording.answer_sentence(made_search(TYPICAL))
    assert sentence.startswith("3 components: the fewest parameters with a held-out error within")
    assert "0.2800" in sentence and "the lowest is 0.2750, with 4 components" in sentence


def test_the_best_where_nothing_smaller_is_as_good():
    clear = {1: (0.8, 0.7), 2: (0.3, 0.31), 3: (0.4, 0.42)}
    sentence = wording.answer_sentence(made_search(clear))
    assert sentence.startswith("2 components: the lowest held-out error, 0.3050 ± 0.0050")
    assert sentence.endswith("Every candidate with fewer parameters is worse by more than one "
                             "standard error.")  # fmt: skip
    lowest = wording.answer_sentence(made_search(TYPICAL, rule="best"))
    assert lowest.startswith("4 components: the lowest held-out error")
    assert "fewer parameters" not in lowest


def test_nothing_generalises_or_not_clearly():
    assert wording.answer_sentence(made_search(NOISE)).startswith("No component generalises: ")
    unclear = made_search({1: (0.9, 1.09), 2: (1.1, 1.2)})
    assert wording.answer_sentence(unclear).startswith("No component generalises clearly: ")


@pytest.mark.parametrize(
    "errors, options, words",
    [
        ({3: (0.5, 0.51)}, {}, "Only one candidate was tried"),
        ({1: (0.5, 0.51), 2: (0.3, 0.31)}, {}, "as many components as were tried (2)"),
        ({2: (0.3, 0.31), 3: (0.5, 0.51)}, {}, "No fewer components were tried (2)"),
        (TYPICAL, {}, "The lowest error is with 4 components. Between that and 3 components"),
        (TYPICAL, {"rule": "best"}, "3 components predict as well within one standard error"),
        ({1: (0.5,), 2: (0.3,), 3: (0.4,)}, {}, "There was one split"),
        (NOISE, {}, "With 2 splits the standard errors"),
        (TYPICAL, {"stop_reason": "max_iter"}, "15 of 15 fits were stopped before"),
        (TRIPLES, {"splits": WholeTrials(n_splits=2)}, "Whole trials are no test of neuron-"),
    ],
)
def test_what_has_to_be_known_first(errors, options, words):
    assert any(words in each for each in wording.cautions(made_search(errors, **options)))


def test_nothing_to_say_against_a_clear_choice():
    clear = {1: (0.8, 0.7, 0.8), 2: (0.3, 0.31, 0.3), 3: (0.4, 0.42, 0.4)}
    search = made_search(clear)
    assert wording.cautions(search, made_profile({1: 1.0, 2: 0.95, 3: 0.2})) == []
    disagree = wording.cautions(search, made_profile({1: 1.0, 2: 0.4, 3: 0.2}))
    assert len(disagree) == 1 and "Restarts agree only in part on the choice (0.40" in disagree[0]


def test_agreement_is_said_where_it_is_known():
    search = made_search(TYPICAL)
    assert wording.agreement_sentence(search, None) == ""
    assert "agree by 0.93" in wording.agreement_sentence(search, made_profile({3: 0.93}))
    assert wording.agreement_sentence(made_search(NOISE), made_profile({1: 0.9})) == ""
    assert wording.agreement_sentence(search, made_profile({3: np.nan})) == ""


@pytest.mark.parametrize(
    "splits, words",
    [
        (TimeBlocks(length=4, guard=2), "Blocks of 4 time bins of one neuron.* 2 bins on both"),
        (TimeBlocks(length=1, guard=0), "Blocks of 1 time bin of.*No bins were left out"),
        (Speckled(), "Single entries, anywhere"),
        (WholeTrials(), "Whole trials were held out"),
        (TrialsByNeurons(), "Some neurons on some trials"),
    ],
)
def test_what_was_held_out(splits, words):
    import re

    assert re.search(words, wording.splits_sentence(splits), re.S)


def test_what_was_done():
    sentence = wording.asked_sentence(made_search(TYPICAL))
    assert "Each of 5 candidates was fitted with 10 % of the entries held out, 3 times" in sentence
    assert "each fit from 2 starts: 15 fits" in sentence
