"""The ten key results that summaries of a run show: the command line, the report, the page, cards and workbooks."""

from collections.abc import Iterable

EXCLUDING_DECOYS = "excluding-decoys"
"""Suffix of the keys of measures that exclude decoys."""

MAIN_MEASURES = {
    "made": "supply",
    "reach": "supply",
    "kills": "defence",
    "leakers": "defence",
    "leakers-prevented": "defence",
    "programme/cost": "money",
    "damage/avoided": "money",
    "net-benefit": "money",
    "cost/kill": "money",
    "spend": "money",
}
"""Subject of each of the ten measures by its key, in the order of tables; the ``main_variant`` of each is used."""
FIRST_MEASURES = ("leakers", "made", "programme/cost", "damage/avoided")
"""Those of ``MAIN_MEASURES`` that are shown where there is room for four."""


def main_variant(key: str, keys: Iterable[str]) -> str:
    """Key of the variant of a measure that a summary uses: excluding decoys, or for the last target.

    >>> main_variant("leakers", ("leakers", "leakers/excluding-decoys"))
    'leakers/excluding-decoys'
    >>> main_variant("reach", ("reach/1000", "reach/2000"))
    'reach/2000'
    """
    variants = [
        name for name in keys if name == f"{key}/{EXCLUDING_DECOYS}" or (key == "reach" and name.startswith("reach/"))
    ]
    return variants[-1] if variants else key


def main_keys(keys: Iterable[str]) -> list[str]:
    """Keys of the ten key results of a run, in the order of tables; those that the run does not have are omitted.

    Args:
        keys: Keys of all measures of the run.

    >>> main_keys(("spend", "leakers", "leakers/excluding-decoys", "crews"))
    ['leakers/excluding-decoys', 'spend']

    """
    available = tuple(keys)
    return [key for measure in MAIN_MEASURES if (key := main_variant(measure, available)) in available]
