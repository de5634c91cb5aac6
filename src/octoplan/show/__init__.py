"""Every chart and table, once: the report, the command line and a notebook draw the same figure."""

from octoplan.outcomes.key_results import html_table as html_table
from octoplan.show.charts import CHARTS as CHARTS
from octoplan.show.charts import crews as crews
from octoplan.show.charts import leakers as leakers
from octoplan.show.charts import nights as nights
from octoplan.show.charts import plants as plants
from octoplan.show.charts import production as production
from octoplan.show.charts import sorties as sorties
from octoplan.show.charts import spend as spend
from octoplan.show.charts import stock as stock
from octoplan.show.charts import stopped as stopped
from octoplan.show.forecast import launches as launches
from octoplan.show.layers import fan as fan
from octoplan.show.layers import flow as flow
from octoplan.show.layers import night as night
from octoplan.show.money import discounted as discounted
from octoplan.show.money import kill as kill
from octoplan.show.money import plane as plane
from octoplan.show.money import scurve as scurve
from octoplan.show.report import report as report
from octoplan.show.sensitivity import tornado as tornado
