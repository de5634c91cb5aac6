"""The page of a calibration: prior and posterior, pairs not distinguished, and predictions next to observations."""

from collections import Counter
from collections.abc import Iterator, Sequence
from math import isnan

from octoplan.calibrate.evidence import CONTRADICTION, INFORMED, NOT_SEPARATED, Comparison, Evidence
from octoplan.calibrate.waves import LARGEST_K
from octoplan.scenario.descriptions import is_level, subject, unit_text
from octoplan.show.calibration_bands import HELD_OUT, band_charts, by_measure, inside_text
from octoplan.show.calibration_charts import (
    MAX_ASSUMPTIONS,
    POINTS,
    learned_chart,
    levels_by_layer,
    levels_chart,
    pairs_chart,
)
from octoplan.show.calibration_text import (
    count,
    measure_title,
    observation_title,
    period_of,
    quantiles_text,
    scale_of,
    separation_sentence,
    with_unit,
)
from octoplan.show.html import PageFigure, render
from octoplan.show.provenance import WEAKEST_FIRST, TableText
from octoplan.show.theme import capitalised, join_names

FEWEST_DRAWS = 4 / INFORMED
"""Effective draws below which the page warns: their sampling error in the information on an assumption, about 1 / draws
nats, exceeds a quarter of the information from which on an assumption is informed."""

LEVELS_CAPTION = (
    "Level of each layer by month, on the logit scale; 0 is the stated effectiveness. A level of 0.2 raises a "
    "probability of 50 % to 55 %, one of -0.2 lowers it to 45 %. P50 with P10 to P90."
)
PAIRS_CAPTION = (
    f"Each point is one joint draw, in the units of the rows; at most about {POINTS} of each are drawn. Where the blue "
    "points lie along a line, the observations inform a combination of the two assumptions, and the calibrated "
    "scenario keeps their correlation."
)
BANDS_CAPTION = (
    "Bands are P10 to P90 of the measure over simulated futures, without error of observation; bars on an observation "
    "are P10 to P90 of its error. Observations held out were not used: about 8 of 10 of them should lie inside the "
    "posterior band."
)


def page(evidence: Evidence, title: str) -> str:
    """The page ``calibration.html`` as HTML text.

    Args:
        evidence: The calibration.
        title: Title of the scenario.

    """
    scenario = evidence.setup.scenario
    informed = [row for row in evidence.informed if not is_level(row.assumption)]
    separations = [separation_sentence(scenario, pair) for pair in evidence.not_separated]
    pairs = [PageFigure("pairs", pairs_chart(evidence, evidence.not_separated), PAIRS_CAPTION)] if separations else []
    return render(
        "calibration.html",
        title=f"Calibration: {title}",
        details=details(evidence),
        summary=" ".join(summary(evidence)),
        contradictions=list(contradictions(evidence)),
        contradiction=f"{CONTRADICTION:g}",
        few_draws=few_draws(evidence),
        learned=list(learned_figures(evidence)),
        informed=informed_table(evidence) if informed else None,
        separations=separations,
        pairs=pairs,
        not_separated=NOT_SEPARATED,
        bands=[
            PageFigure(f"bands-{name}", chart, BANDS_CAPTION if number == 0 else "As in the chart above.")
            for number, (name, chart) in enumerate(band_charts(scenario, evidence.comparisons).items())
        ],
        observations=observation_table(evidence),
        rest=list(rest(evidence)),
        method=method(evidence),
    )


def details(evidence: Evidence) -> str:
    """Line with the numbers of observations, the seed and the identity of the scenario."""
    used = sum(target.used for target in evidence.setup.targets)
    scenario = evidence.setup.scenario
    return (
        f"{count(used, 'observation')} used, {len(evidence.setup.targets) - used} {HELD_OUT} · seed "
        f"{evidence.setup.seed} · scenario from {scenario.start}, SHA-256 {scenario.hash[:12]}"
    )


def summary(evidence: Evidence) -> Iterator[str]:
    """Sentences: how much is informed, how many observations lie in the band, and what changed most."""
    used = [row for row in evidence.comparisons if row.target.used]
    total, informed = len(evidence.setup.assumptions.columns), evidence.informed
    rest_count = total - len(informed)
    others = "; the other keeps its prior" if rest_count == 1 else f"; the other {rest_count} keep their priors"
    if not informed or not rest_count:
        others = ""
    yield (
        f"{count(len(used), 'observation')} inform{'s' if len(used) == 1 else ''} {len(informed)} of "
        f"{count(total, 'uncertain assumption')}{others}."
    )
    prior = sum(row.prior[0] <= row.target.value <= row.prior[2] for row in used)
    held_out = [row for row in evidence.comparisons if not row.target.used]
    prior_held_out = sum(row.prior[0] <= row.target.value <= row.prior[2] for row in held_out)
    also = f" and {prior_held_out} of those held out" if held_out else ""
    yield (
        f"Inside the 80 % band of the calibrated scenario: {inside_text(evidence.comparisons)} (with the priors, "
        f"{prior} of those used{also})."
    )
    if len(used) == len(evidence.comparisons):
        yield "None was held out, so nothing shows how well the calibrated scenario predicts."
    if informed:
        yield f"What changed most: {change_text(evidence)}."


def change_text(evidence: Evidence) -> str:
    """The most informed assumption with its prior and posterior."""
    row, unit = evidence.informed[0], unit_text(evidence.informed[0].assumption)
    prior, posterior = (quantiles_text(values) for values in (row.prior, row.posterior))
    return f"{subject(evidence.setup.scenario, row.assumption)}, from {prior} to {with_unit(posterior, unit)}"


def contradictions(evidence: Evidence) -> Iterator[str]:
    """Observations that contradict the prior and the other observations, with their probabilities."""
    scenario = evidence.setup.scenario
    for row in evidence.contradictions:
        scale = scale_of(scenario, [row])
        yield (
            f"{capitalised(observation_title(scenario, row.target))} ({row.target.label}): "
            f"{with_unit(scale.text(row.target.value), scale.unit)} observed, probability {row.probability:.1g}"
        )


def few_draws(evidence: Evidence) -> str:
    """A warning if the posterior has few effective draws; otherwise empty."""
    draws = evidence.inference.effective_draws
    if draws >= FEWEST_DRAWS:
        return ""
    return (
        f"The posterior rests on about {draws:.0f} effective draws, fewer than {FEWEST_DRAWS:.0f}: its intervals are "
        "rough, and some assumptions and pairs may seem informed or related only by sampling error."
    )


def learned_figures(evidence: Evidence) -> Iterator[PageFigure]:
    """The charts of informed assumptions and of levels, as far as there are any."""
    scenario = evidence.setup.scenario
    informed = [row for row in evidence.informed if not is_level(row.assumption)]
    layers = levels_by_layer(evidence.learned)
    if informed:
        rest_text = f"The {MAX_ASSUMPTIONS} most informed of {len(informed)} are drawn. " if (
            len(informed) > MAX_ASSUMPTIONS
        ) else ""  # fmt: skip
        yield PageFigure(
            "assumptions",
            learned_chart(evidence, informed),
            f"{rest_text}Each range is drawn on the scale of its prior, so that all priors look alike: P10 to P90, P50 "
            "as a dot. On the right, the median before and after, in the unit of the row.",
        )
    if layers:
        yield PageFigure("levels", levels_chart(scenario, layers), LEVELS_CAPTION)


def informed_table(evidence: Evidence) -> TableText:
    """Table of the informed assumptions other than levels, the most informed first."""
    scenario = evidence.setup.scenario
    head = ("assumption", "row", "unit", "prior", "posterior", "shift", "width", "informed most by")
    rows = [
        (
            capitalised(subject(scenario, row.assumption)), row.assumption.name, unit_text(row.assumption),
            quantiles_text(row.prior), quantiles_text(row.posterior), f"{row.shift:+.2f}", f"{row.narrowing:.2f}",
            "; ".join(row.moved_by) or "many observations, each with a small influence",
        )
        for row in evidence.informed
        if not is_level(row.assumption)
    ]  # fmt: skip
    return TableText(head, rows)


def observation_table(evidence: Evidence) -> TableText:
    """Table of the observations with the prior and posterior bands of their measures."""
    head = (
        "measure", "key", "period", "unit", "observed", "prior band", "posterior band", "inside", "use", "probability",
        "source",
    )  # fmt: skip
    rows = [observation_row(evidence, row, group) for group in by_measure(evidence.comparisons) for row in group]
    return TableText(head, rows)


def observation_row(evidence: Evidence, row: Comparison, group: Sequence[Comparison]) -> tuple[str, ...]:
    """One row of the table of observations; its values have the unit of all observations of the measure."""
    scenario, target = evidence.setup.scenario, row.target
    scale = scale_of(scenario, group)
    return (
        capitalised(measure_title(scenario, target)),
        target.label.partition(" ")[0],
        period_of(target),
        scale.unit,
        f"{scale.text(target.value)} ± {scale.error_text(target.sd)}",
        scale.band_text(row.prior),
        scale.band_text(row.posterior),
        "yes" if row.is_inside else "no",
        "used" if target.used else HELD_OUT,
        f"{row.probability:.2g}{', contradiction' if row.is_contradiction else ''}" if target.used else "",
        target.source,
    )


def rest(evidence: Evidence) -> Iterator[str]:
    """Sentences on the assumptions that are not informed, and on observations that are not compared."""
    uninformed = [row.assumption for row in evidence.learned if not row.is_informed]
    quality = Counter(assumption.quality for assumption in uninformed)
    ratings = join_names([f"{quality[name]:,} {name}" for name in WEAKEST_FIRST if quality[name]])
    if len(uninformed) == 1:
        yield f"1 uncertain assumption is not informed and keeps its prior; it is rated {uninformed[0].quality}."
    elif uninformed:
        yield (
            f"{len(uninformed):,} uncertain assumptions are not informed by the observations and keep their priors: "
            f"{ratings}. Red are estimates that have not been confirmed."
        )
    else:
        yield "Every uncertain assumption is informed."
    if evidence.setup.unused:
        yield f"Not compared, because they are outside the period: {'; '.join(evidence.setup.unused)}."


def method(evidence: Evidence) -> list[tuple[str, str]]:
    """Names and values: futures, waves, diagnostics of the posterior and of the emulator, and seed."""
    inference = evidence.inference
    futures = [len(wave.scores) for wave in inference.waves]
    explained = [row.explained for row in evidence.comparisons if not isnan(row.explained)]
    waves = f"{' + '.join(f'{number:,}' for number in futures)}, in {count(len(futures), 'wave')}"
    fit = "none, because the measures observed are the same in all futures"
    if explained:
        ends = dict.fromkeys(f"{value:.2f}" for value in (min(explained), max(explained)))
        fit = f"leave-one-out R² {' to '.join(ends)}, over the observations used"
    return [
        ("futures simulated", f"{sum(futures):,}: {waves}; the first from the prior"),
        ("futures failed", f"{evidence.failed:,}"),
        ("joint draws", f"{len(inference.draws):,}; effective number {evidence.inference.effective_draws:,.0f}"),
        ("Pareto k", f"{inference.pareto_k[-1]:.2f} (limit {LARGEST_K})"),
        ("R-hat", f"{inference.r_hat:.3f}; 1 if the chains have converged"),
        ("emulator", fit),
        ("seed", f"{evidence.setup.seed}"),
    ]  # fmt: skip
