"""The measures that can be observed, computed from tallies of any set of days."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from octoplan.campaign.tally import CREWS, KITS, LAYERS, MAKERS, TRAINING
from octoplan.outcomes.view import OWNER_KEY, designs_by_owner, ratio
from octoplan.scenario.arrays import Compiled, Floats, Ints, Names
from octoplan.scenario.observations import MeasureKey

NOT_PROGRAMME_COSTS = (TRAINING, CREWS, KITS, MAKERS, LAYERS)
"""Categories of cost that are the same without the programme."""


@dataclass(frozen=True, eq=False)
class PeriodTallies:
    """Tallies of some days.

    Attributes:
        tally: (futures, rows, ...) arrays by name.
        rows: Rows of the tallies of the days.
        compiled: The scenario.

    """

    tally: Mapping[str, NDArray[Any]]
    rows: Ints
    compiled: Compiled

    def sum(self, name: str) -> NDArray[Any]:
        """(futures, ...) a tally summed over the days."""
        return np.asarray(self.tally[name][:, self.rows].sum(axis=1))

    def last(self, name: str) -> NDArray[Any]:
        """(futures, ...) a stock at the end of the last day."""
        return np.asarray(self.tally[name][:, self.rows[-1]])

    @property
    def names(self) -> Names:
        """Names of the entities."""
        return self.compiled.names

    def selected(self, values: NDArray[Any], measure: MeasureKey, axes: tuple[str, ...]) -> Floats:
        """(futures,) values (futures, *axes) summed over all axes, over the entity of the measure only.

        axes
            Sections of the axes of ``values`` after the futures.
        """
        index = self.rows_of(measure, axes)
        for position, section in reversed(list(enumerate(axes, 1))):
            if section in index:
                values = np.take(values, index[section], axis=position)
            values = values.sum(axis=position)
        return np.asarray(values, np.float64)

    def rows_of(self, measure: MeasureKey, axes: tuple[str, ...]) -> dict[str, Ints]:
        """By section of an axis, the indices of the entities to which a measure refers; empty for all."""
        if not measure.section:
            return {}
        template = self.compiled.template
        match measure.section:
            case "owners":
                groups = {OWNER_KEY[owner]: rows for owner, rows in designs_by_owner(self.compiled).items()}
                return {"designs": groups[measure.name]}
            case "packages":
                package = self.names.packages.index(measure.name)
                return {"threats": np.flatnonzero(template.threats["package"] == package)}
            case "countries":
                country = self.names.countries.index(measure.name)
                return {"plants": np.flatnonzero(template.plants["country"] == country)}
            case section if section in axes:
                return {section: np.array([getattr(self.names, section).index(measure.name)])}
        raise ValueError(f"{measure.measure.key} cannot be computed by {measure.section}")


def stopped(days: PeriodTallies, measure: MeasureKey) -> Floats:
    """Share stopped of the threats launched, in percent."""
    launched = days.selected(days.sum("launched"), measure, ("regions", "threats"))
    leaked = days.selected(days.sum("leaked"), measure, ("regions", "threats"))
    return 100.0 * ratio(launched - leaked, launched)


def intercepted(days: PeriodTallies, measure: MeasureKey) -> Floats:
    """Share of the stopped threats that interceptors killed, in percent."""
    launched = days.selected(days.sum("launched"), measure, ("regions", "threats"))
    leaked = days.selected(days.sum("leaked"), measure, ("regions", "threats"))
    kills = days.selected(days.sum("kills"), measure, ("regions", "designs", "threats"))
    return 100.0 * ratio(kills, launched - leaked)


def summed(name: str, *axes: str) -> Callable[[PeriodTallies, MeasureKey], Floats]:
    """A tally summed over the days and over all axes but the entity observed."""
    return lambda days, measure: days.selected(days.sum(name), measure, axes)


def at_end(name: str, *axes: str) -> Callable[[PeriodTallies, MeasureKey], Floats]:
    """A stock at the end of the period, summed over all axes but the entity observed."""
    return lambda days, measure: days.selected(days.last(name), measure, axes)


def kills_per_sortie(days: PeriodTallies, measure: MeasureKey) -> Floats:
    """Kills by interceptors over sorties."""
    kills = days.selected(days.sum("kills"), measure, ("regions", "designs", "threats"))
    return ratio(kills, days.selected(days.sum("sorties"), measure, ("regions", "designs")))


def opened(days: PeriodTallies, measure: MeasureKey) -> Floats:
    """Day on which the last gate of a plant is passed, from the scenario's start."""
    return days.selected(days.tally["opened"], measure, ("plants",))


def programme_cost(days: PeriodTallies, measure: MeasureKey) -> Floats:
    """Spend that there is not without the programme."""
    spend = days.sum("spend")
    return days.selected(np.delete(spend, NOT_PROGRAMME_COSTS, axis=1), measure, ("costs", "payers"))


OBSERVABLES: dict[str, tuple[tuple[str, ...], Callable[[PeriodTallies, MeasureKey], Floats]]] = {
    "stopped": (("launched", "leaked"), stopped),
    "intercepted": (("launched", "leaked", "kills"), intercepted),
    "leakers": (("leaked",), summed("leaked", "regions", "threats")),
    "sorties": (("sorties",), summed("sorties", "regions", "designs")),
    "kills": (("kills",), summed("kills", "regions", "designs", "threats")),
    "kills/sortie": (("kills", "sorties"), kills_per_sortie),
    "made": (("good",), summed("good", "plants")),
    "delivered": (("delivered",), summed("delivered", "plants")),
    "received": (("received",), summed("received", "regions", "designs")),
    "opened": (("opened",), opened),
    "crews": (("crews",), at_end("crews")),
    "kits": (("kits",), at_end("kits")),
    "stock": (("stock",), at_end("stock", "regions", "designs")),
    "shots": (("shots",), summed("shots", "layers")),
    "spend": (("spend",), summed("spend", "costs", "payers")),
    "damage": (("damage",), summed("damage", "regions")),
    "programme/cost": (("spend",), programme_cost),
}
"""By stem of a measure: the tallies that it needs, and the function that computes it."""
