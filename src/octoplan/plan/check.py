"""Whether a plan that was written down keeps what was asked of it: day by day from its own text, not from the model."""

import numpy as np

from octoplan.plan.goals import Aims
from octoplan.plan.response_surface import Pilot
from octoplan.scenario import Scenario

SHARE, MONEY = 0.002, 0.002
"""What whole units may shift a share by, and a budget by, relative."""


def broken(planned: Scenario, aims: Aims, pilot: Pilot) -> list[str]:
    """What the decisions of a planned scenario break, in sentences; empty if nothing."""
    found, compiled = [], planned.compile()
    plan, names = compiled.plan, compiled.names
    for p, name in enumerate(names.plants):
        lines = plan.lines[p]
        if np.any(np.diff(lines) < 0.0) or np.any(lines != np.round(lines)):
            found.append(f"lines of {name} are {lines.tolist()}; they must be whole and never fall")
        if aims.most_lines is not None and lines.max() > aims.most_lines:
            found.append(f"{name} has {lines.max():g} lines, above {aims.most_lines:g}")
    if aims.most_crews is not None and max(plan.intake.max(), plan.kit_orders.max()) > aims.most_crews + 0.5:
        found.append(f"intake or kit orders exceed {aims.most_crews:g} a month")
    asked = units_asked(planned, pilot)
    home = np.asarray(compiled.template.plants["country"])
    for country, (least, greatest) in aims.share.items():
        share = asked[home == names.countries.index(country)].sum() / max(asked.sum(), 1e-12)
        if asked.sum() >= 1.0 and not least - SHARE <= share <= greatest + SHARE:
            found.append(f"{country} makes {share:.1%} of what is asked, outside {least:.1%} to {greatest:.1%}")
    return found


def units_asked(planned: Scenario, pilot: Pilot) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """(plants,) good units asked in the months planned, the mean over the pilot's opening days, added up day by day."""
    compiled = planned.compile()
    month_of, lengths = compiled.links.month_of, compiled.links.month_days
    total = np.zeros(len(compiled.names.plants))
    opened = pilot.tally("opened")
    for future in opened:
        for p, day in enumerate(np.ceil(future)):
            if day < len(month_of):
                days = np.arange(max(int(day), int(lengths[: pilot.begin].sum())), len(month_of))
                since = month_of[days] - month_of[int(day)]
                total[p] += (compiled.plan.output[p, since] / lengths[month_of[days]]).sum()
    return total / len(opened)
