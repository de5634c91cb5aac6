"""The file of a fit, ``raids.toml``: what was fitted to what, and assumptions that a scenario reads as they stand."""

import json
from collections.abc import Iterator, Sequence
from datetime import date
from math import asin, exp, pi, sin
from typing import Any

import numpy as np
from scipy.stats import norm

from octoplan.errors import FitError
from octoplan.raids.fit import Fit, Posterior
from octoplan.raids.process import BEGIN, COORDINATES, Coordinate, Floats
from octoplan.raids.read.record import Record
from octoplan.raids.stopped_share import Stopped, latest, shares

DISTRIBUTIONS = {"log": "lognormal", "logit": "logitnormal", "identity": "normal"}
UNITS = {"raids.wander_time": "day"} | {c.name: "1/day" for c in COORDINATES if c.name.endswith("_mean")}

REST = {"raids.level": (1.0, "1"), "packages.drones.coupling": (0.0, "1"), "packages.missiles.coupling": (0.0, "1"),
        "packages.missiles.quiet": (0.0, "1")}  # fmt: skip
"""Numbers of the process that the fit leaves at rest: what they would do is in the others."""


def text_of(fitted: Fit, record: Record, days: slice, made: date) -> str:
    """The text of ``raids.toml``.

    days
        the days of the record that were fitted.
    made
        the date that its rows carry.
    """
    lines = [
        "# Fitted to a record of raids. A scenario with this file beside its programme.toml, and the line",
        '#     raids = "raids.toml"',
        "# at the top of that, draws its raids from it. low and high are P10 and P90.",
        "",
        *about(fitted, record, days),
        "",
        *stopped_tables(latest(shares(record, days))),
    ]
    for row, (name, scale) in enumerate(named()):
        lines += assumption(name, scale, fitted.posterior, row, made)
    for name, (value, unit) in REST.items():
        lines += [
            f"[assumptions.{quoted(name)}]",
            f"value = {value}",
            'distribution = "fixed"',
            f"unit = {quoted(unit)}",
        ]
        lines += marks("at rest: its effect is in the fitted numbers", made)
    return "\n".join([*lines, *correlations(fitted.posterior)]) + "\n"


def named() -> list[tuple[str, str]]:
    """Name and scale of each number of the posterior."""
    return [(c.name, c.scale) for c in (*COORDINATES, BEGIN)]


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def about(fitted: Fit, record: Record, days: slice) -> Iterator[str]:
    """What was fitted, and what can be told of the fit."""
    chosen, diagnostics = record.days[days], fitted.diagnostics
    yield "[record]"
    yield f"title = {quoted(f'Record of raids, {record.source}')}"
    yield f"sha256 = {quoted(record.digest)}"
    yield f"first = {chosen[0]}"
    yield f"last = {chosen[-1]}"
    yield f"days = {len(chosen)}"
    yield f"repairs = {json.dumps([str(repair) for repair in record.repairs], ensure_ascii=False)}"
    yield ""
    yield "[diagnostics]"
    yield f"log_likelihood = {diagnostics.log_likelihood:.6f}"
    yield f"salvo_days = {diagnostics.salvo_days:.3f}"
    yield f"edge = {diagnostics.edge:.3e}"
    yield f"effective_points = {diagnostics.points:.1f}"
    drones, missiles = (f"{exp(shift):.6f}" for shift in fitted.shift)
    yield f"level_moved_by = [{drones}, {missiles}]  # times the drones and missiles of a day, to the combination's"
    yield f"one_day_ahead_p = {diagnostics.uniformity:.4f}"
    yield f"salvo_on_the_last_day = {fitted.posterior.salvo:.6f}"
    yield f"warnings = {json.dumps(diagnostics.warnings(), ensure_ascii=False)}"


def stopped_tables(found: Sequence[Stopped]) -> Iterator[str]:
    """Stopped shares as tables for the reader; a scenario does not draw from them."""
    for each in found:
        yield f"[stopped.{each.klass}]"
        yield f"first = {each.first}"
        yield f"last = {each.last}"
        yield f"days = {each.days}"
        yield f"launched = {each.launched}"
        yield f"stopped = {each.stopped}"
        for name, interval in (("share", each.share), ("correlation", each.correlation)):
            yield f"{name} = {interval.value!r}"
            yield f"{name}_95 = [{interval.low!r}, {interval.high!r}]"
        yield ""


def assumption(name: str, scale: str, posterior: Posterior, row: int, made: date) -> list[str]:
    """One fitted number as an assumption."""
    low, value, high = (posterior.quantiles(share)[row] for share in (0.1, 0.5, 0.9))
    return [
        f"[assumptions.{quoted(name)}]",
        f"low = {float(low)!r}",
        f"value = {float(value)!r}",
        f"high = {float(high)!r}",
        f"distribution = {quoted(DISTRIBUTIONS[scale])}",
        f"unit = {quoted(UNITS.get(name, '1'))}",
        *marks("posterior of the fitted process", made),
    ]


def marks(note: str, made: date) -> list[str]:
    """The columns of the log that all rows of a fit share."""
    return [
        'source = "raids.toml"',
        'quality = "amber"',
        'owner = "intelligence"',
        f"date = {made}",
        f"note = {quoted(note)}",
        "",
    ]


def correlations(posterior: Posterior) -> Iterator[str]:
    """Rank correlations of the posterior: 6 / pi asin(r / 2) for a normal correlation r (Pearson 1907)."""
    names, r = [name for name, _ in named()], normal_correlations(posterior.covariance)
    for i, a in enumerate(names):
        yield f"[correlations.{quoted(a)}]"
        for j in range(i):
            yield f"{quoted(names[j])} = {6.0 / pi * asin(r[i, j] / 2.0)!r}"
        yield ""


def normal_correlations(covariance: Floats) -> Floats:
    sd = np.sqrt(np.diag(covariance))
    return np.asarray(covariance / np.outer(sd, sd))


def posterior_of(tree: dict[str, Any]) -> Posterior:
    """The posterior that a fit's file states; raises ``FitError`` where it does not state one."""
    try:
        rows = [tree["assumptions"][name] for name, _ in named()]
        mean = np.array([_place(scale, row["value"]) for (_, scale), row in zip(named(), rows, strict=True)])
        ends = [
            [_place(scale, row[end]) for end in ("low", "high")] for (_, scale), row in zip(named(), rows, strict=True)
        ]
        sd = np.diff(ends)[:, 0] / (2.0 * norm.ppf(0.9))
        r = np.eye(len(rows))
        for i, (a, _) in enumerate(named()):
            for j in range(i):
                r[i, j] = r[j, i] = 2.0 * sin(pi / 6.0 * tree["correlations"][a][named()[j][0]])
        return Posterior(mean, r * np.outer(sd, sd), float(tree["diagnostics"]["salvo_on_the_last_day"]))
    except (KeyError, TypeError) as error:
        raise FitError(f"holds no fit of octoplan: {error} is missing; write one with: octoplan raids fit") from None


def _place(scale: str, value: float) -> float:
    return float(Coordinate("", scale, 0.0, 1.0).fitted(np.array(value)))
