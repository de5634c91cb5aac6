"""Charts of a run as plotly figures, shared by the report, the page and notebooks.

Tab completion lists the charts; other members, such as ``report``, are available by name.
"""

from octoplan.show.charts import CHARTS as CHARTS
from octoplan.show.cost_and_benefit import cost_and_benefit as cost_and_benefit
from octoplan.show.defence_charts import crews as crews
from octoplan.show.defence_charts import kills_per_sortie as kills_per_sortie
from octoplan.show.defence_charts import night_limits as night_limits
from octoplan.show.defence_charts import stopped_share as stopped_share
from octoplan.show.forecast import launches as launches
from octoplan.show.marginal_chart import marginal_million as marginal_million
from octoplan.show.money_charts import cost_effectiveness as cost_effectiveness
from octoplan.show.money_charts import cost_per_kill as cost_per_kill
from octoplan.show.money_charts import cost_s_curve as cost_s_curve
from octoplan.show.money_charts import present_values as present_values
from octoplan.show.money_charts import spend as spend
from octoplan.show.overview import deliveries_and_leakers as deliveries_and_leakers
from octoplan.show.region_maps import damage_by_region as damage_by_region
from octoplan.show.region_maps import leakers_by_region as leakers_by_region
from octoplan.show.report import report as report
from octoplan.show.supply_charts import deliveries as deliveries
from octoplan.show.supply_charts import plant_limits as plant_limits
from octoplan.show.supply_charts import production as production
from octoplan.show.supply_charts import stock as stock
from octoplan.show.threat_flow import threat_flow as threat_flow
from octoplan.show.threat_flow import threat_flow_on_day as threat_flow_on_day
from octoplan.show.tornado import tornado as tornado
from octoplan.show.waterfall import waterfall as waterfall

__all__ = [
    "cost_and_benefit",
    "cost_effectiveness",
    "cost_per_kill",
    "cost_s_curve",
    "crews",
    "damage_by_region",
    "deliveries",
    "deliveries_and_leakers",
    "kills_per_sortie",
    "launches",
    "leakers_by_region",
    "marginal_million",
    "night_limits",
    "plant_limits",
    "present_values",
    "production",
    "spend",
    "stock",
    "stopped_share",
    "threat_flow",
    "threat_flow_on_day",
    "tornado",
    "waterfall",
]
"""The charts."""


def __dir__() -> list[str]:
    return sorted(__all__)
