"""What learns by which rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

from trialtensor.data.parameters import check_choice
from trialtensor_models.circuit.pathways import CEREBELLUM, CORTEX

Rule = Literal["bptt", "local", "none"]
PARTS = ("cortex", "cerebellum")


def rules_of(rules: Any, cerebellum: bool, *, frozen: bool = False) -> dict[str, Rule]:
    """Find the rule of cortex and of the cerebellum.

    Parameters
    ----------
    rules : {"bptt", "local"} or mapping
        Of both, or "bptt", "local" or "none" for "cortex" and "cerebellum".
    cerebellum : bool
        Whether there is one.
    frozen : bool
        Whether it never learns.

    Returns
    -------
    dict

    Raises
    ------
    ValueError
        If there is no such rule or part, or nothing would learn.
    """
    if isinstance(rules, Mapping):
        for part in rules:
            check_choice("rules", part, PARTS)
        missing = [part for part in PARTS if part not in rules]
        if missing:
            raise ValueError(
                f"rules: expected a rule for {' and '.join(missing)} too, got {rules!r}"
            )
        for part in PARTS:
            check_choice(f"rules[{part!r}]", rules[part], get_args(Rule))
        found: dict[str, Rule] = {part: rules[part] for part in PARTS}
    else:
        check_choice("rules", rules, ("bptt", "local"))
        found = dict.fromkeys(PARTS, rules)
    if not cerebellum:
        if found["cortex"] == "local":
            raise ValueError(
                "rules: the local rule of cortex is taught by the cerebellum, and there is none; "
                "use 'bptt'"
            )
        found["cerebellum"] = "none"
    if frozen:
        found["cerebellum"] = "none"
    if set(found.values()) == {"none"}:
        raise ValueError(f"rules: nothing would learn, got {rules!r}")
    return found


def by_gradient(rules: Mapping[str, Rule]) -> tuple[str, ...]:
    """List the weights that back-propagation trains."""
    names = {"cortex": CORTEX, "cerebellum": CEREBELLUM}
    return tuple(name for part in PARTS if rules[part] == "bptt" for name in names[part])
