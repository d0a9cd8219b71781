"""Functions of upper layers, by name."""

import pytest

from trialtensor.explore import explore
from trialtensor.supplied import supplied


def test_found_where_the_package_says():
    assert supplied("explore") is explore


def test_unknown():
    with pytest.raises(LookupError, match="no layer supplies 'paint'"):
        supplied("paint")
