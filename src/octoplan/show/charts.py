"""The charts of a run by name, with the functions that draw them and their captions."""

from collections.abc import Callable
from typing import NamedTuple

import plotly.graph_objects as go

from octoplan.outcomes.run import Run
from octoplan.show.cost_and_benefit import cost_and_benefit
from octoplan.show.defence_charts import crews, kills_per_sortie, night_limits, stopped_share
from octoplan.show.html import PageFigure
from octoplan.show.money_charts import cost_effectiveness, cost_per_kill, present_values, spend
from octoplan.show.overview import deliveries_and_leakers
from octoplan.show.region_maps import damage_by_region, leakers_by_region
from octoplan.show.supply_charts import deliveries, plant_limits, production, stock
from octoplan.show.threat_flow import threat_flow
from octoplan.show.waterfall import waterfall


class Chart(NamedTuple):
    """Function that makes a figure of a run, or None if there are no data, and the caption of the figure."""

    draw: Callable[[Run], go.Figure | None]
    caption: str


MAP_CAPTION = (
    "Schematic: one tile for each region, without places in it. Means over futures, for the whole period; "
    "differences are between the same futures with and without the programme."
)

CHARTS: dict[str, Chart] = {
    "deliveries-and-leakers": Chart(
        deliveries_and_leakers,
        "Dashed horizontal lines: targets. Other lines: medians over futures, which are the same futures with and "
        "without the programme.",
    ),
    "deliveries": Chart(
        deliveries,
        "Units that reach a region, by month: quantiles over futures. Dashed lines: targets of the scenario.",
    ),
    "production": Chart(
        production,
        "Left: good units made and units delivered to the regions; the difference is in transit, in stock at the "
        "plants, or lost. Right: mean output of each plant.",
    ),
    "plant-limits": Chart(
        plant_limits,
        "Each plant-day with output planned is counted once, under the factor that kept output below plan. Days before "
        "a plant has passed its gates count under gates.",
    ),
    "stock": Chart(
        stock,
        "Left: a stock that only grows shows that units are not the limiting factor. Right: where sorties stay below "
        "receipts, more units arrive than crews can use.",
    ),
    "threat-flow": Chart(
        threat_flow, "Means over futures and the whole period, so that flows add up; decoys are a class of their own."
    ),
    "waterfall": Chart(
        waterfall,
        "From the threats launched, each layer stops some; what remains reaches its target. Means over the same "
        "futures with and without the programme, so that bars add up. Decoys have a separate panel.",
    ),
    "leakers-by-region": Chart(leakers_by_region, f"Decoys are excluded. {MAP_CAPTION}"),
    "damage-by-region": Chart(damage_by_region, MAP_CAPTION),
    "stopped-share": Chart(
        stopped_share, "Share of launched threats that any layer stops, by class and month; P50 with P10 to P90."
    ),
    "night-limits": Chart(
        night_limits,
        "Each region-night with threats that interceptors can engage is counted once, under the factor that let most "
        "of them pass.",
    ),
    "kills-per-sortie": Chart(
        kills_per_sortie,
        "Kills per sortie are contacts per sortie times kills per contact; both are in the table of measures. Kills "
        "per sortie fall as the adversary adapts, and rise when a new block enters service.",
    ),
    "crews": Chart(
        crews,
        "A crew is available on a night if it has a kit, is on duty, and the weather in its region allows sorties.",
    ),
    "spend": Chart(
        spend,
        "Means over futures, so that categories add up. Only the spend in the right panel is due to the "
        "programme; optimism bias is a separate category. The cost of shots by other layers is excluded; it is in the "
        "table of measures.",
    ),
    "cost-and-benefit": Chart(
        cost_and_benefit,
        "One point for each future: above the dashed line the damage and spend avoided exceed the cost. The cost "
        "excludes crews and kits, which are the same without the programme.",
    ),
    "cost-effectiveness": Chart(
        cost_effectiveness,
        "One point for each future. Points left of the line have more leakers with the programme than without it, "
        "mostly by chance.",
    ),
    "present-values": Chart(
        present_values,
        "Real terms, discounted to the start. 3.5 % is the Green Book's standard rate, 1.5 % its rate for health.",
    ),
    "cost-per-kill": Chart(
        cost_per_kill,
        "Interceptors: spend on interceptors, crews and kits of all makers, divided by all their kills. Missiles: cost "
        "of the same kills by the missile layer that the scenario names for comparison.",
    ),
}


def page_figures(run: Run, *names: str) -> list[PageFigure]:
    """Charts of a run, by name, with their captions; charts without data are omitted."""
    drawings = ((name, CHARTS[name].draw(run), CHARTS[name].caption) for name in names)
    return [PageFigure(name, chart, caption) for name, chart, caption in drawings if chart is not None]
