"""Chart of the marginal million: what one more million spent on each change prevents or adds."""

from collections.abc import Sequence
from math import isnan
from textwrap import shorten, wrap

import plotly.graph_objects as go

from octoplan.answer.answer import Answer
from octoplan.answer.marginal import Marginal
from octoplan.answer.totals import Effect
from octoplan.show.rounding import plus_minus
from octoplan.show.theme import BLACK, BLUE, GREEN, GREY, GRID_COLOUR, capitalised, label, new_figure

ROW_HEIGHT = 40
"""Height of a row in pixels."""
TITLE_WIDTH, MAX_TITLE = 46, 90
"""Characters of a line of the title of a change, and of the whole title."""
CAPTION = (
    "Each change was simulated over futures of the run. Bars: mean gain divided by mean additional spend of all "
    "payers, with the 95 % confidence interval of the ratio. Grey: not distinguishable from zero. Green: a delay "
    "avoided, which money alone does not buy. A change without a clear cost has no ratio."
)


def marginal_million(answer: Answer) -> go.Figure | None:
    """Chart of the leakers prevented per million spent on each change, or units made if there are no raids.

    None if no change was tested.

    >>> import octoplan as op
    >>> op.show.marginal_million(op.simulate("pocket", futures=8).answer().numbers).data[0].type
    'bar'
    """
    changes = ranked(answer)
    if not changes:
        return None
    gain = "leakers prevented" if answer.has_raids else "good units made"
    unit = f"M {answer.scenario.currency}"
    ratios = [ratio(answer, item) for item in changes]
    chart = new_figure(million_title(answer, changes, gain, unit), height=130 + ROW_HEIGHT * len(changes))
    chart.add_trace(
        go.Bar(
            orientation="h", x=[0.0 if isnan(item.mean) else item.mean for item in ratios], y=list(range(len(changes))),
            marker={"color": [bar_colour(*pair) for pair in zip(changes, ratios, strict=True)], "line": {"width": 0}},
            error_x={
                "type": "data", "thickness": 1.6, "width": 5, "color": BLACK,
                "array": [half(item) for item in ratios],
            },
            name=f"{gain} per {unit}", showlegend=False, hovertemplate="%{y}: %{x:,.3g}<extra></extra>",
        )
    )  # fmt: skip
    low, high = axis_range(ratios)
    for row, (item, value) in enumerate(zip(changes, ratios, strict=True)):
        end = 0.0 if isnan(value.mean) else max(0.0, value.mean + half(value))
        chart.add_annotation(
            x=end, y=row, text=row_text(item, value), showarrow=False, xanchor="left", xshift=5, font={"size": 12}
        )
    chart.update_yaxes(
        tickvals=list(range(len(changes))), ticktext=[wrapped(item.title) for item in changes], showgrid=False,
        zeroline=False, range=[len(changes) - 0.4, -0.6], automargin=True, rangemode="normal",
    )  # fmt: skip
    chart.update_xaxes(
        title=f"{gain} per {unit} of additional spend", range=[low, high], tickformat=",", showgrid=True,
        gridcolor=GRID_COLOUR, zeroline=True, zerolinecolor=BLACK,
    )  # fmt: skip
    return chart.update_layout(hovermode="closest", margin={"l": 14, "b": 60})


def ratio(answer: Answer, item: Marginal) -> Effect:
    """The gain of a change per million: leakers prevented, or units made if there are no raids."""
    return item.prevented_per_million if answer.has_raids else item.units_per_million


def wrapped(title: str) -> str:
    """The title of a change in lines, shortened if it is long."""
    return "<br>".join(map(label, wrap(shorten(title, MAX_TITLE, placeholder=" …"), TITLE_WIDTH)))


def ranked(answer: Answer) -> list[Marginal]:
    """The changes tested: gains that save money, the largest gain per million, and those without a clear cost."""
    changes = (*answer.marginal.effects, *answer.marginal.doubled)

    def rank(item: Marginal) -> tuple[bool, bool, float]:
        gain = ratio(answer, item).mean
        return not saves(answer, item), isnan(gain), 0.0 if isnan(gain) else -gain

    return sorted(changes, key=rank)


def saves(answer: Answer, item: Marginal) -> bool:
    """True if a change clearly improves the result and saves money, so that it has no gain per million."""
    return item.cost.sign < 0 and answer.marginal.is_positive(answer.improvement(item))


def can_be_bought(item: Marginal) -> bool:
    """False for gates passed sooner, which depend on others than the payers."""
    return not item.key.startswith("gates")


def bar_colour(item: Marginal, value: Effect) -> str:
    """Colour of a bar: grey if the gain is not distinguishable from zero, green if money does not buy the change."""
    return GREY if value.sign == 0 else BLUE if can_be_bought(item) else GREEN


def row_text(item: Marginal, value: Effect) -> str:
    """The gain per million with its confidence interval, or why there is none."""
    if isnan(value.mean):
        return "saves money" if item.cost.sign < 0 else "no clear cost"
    return plus_minus(value)


def axis_range(ratios: Sequence[Effect]) -> tuple[float, float]:
    """Ends of the axis: all intervals, and room for the texts next to them."""
    ends = [end for item in ratios if not isnan(item.mean) for end in (item.mean - half(item), item.mean + half(item))]
    low, high = min(0.0, *ends, 0.0), max(0.0, *ends, 0.0)
    span = (high - low) or 1.0
    return (low - 0.05 * span if low < 0.0 else 0.0), high + 0.3 * span


def half(item: Effect) -> float:
    """Half-width of the confidence interval; 0 if it is undefined."""
    return 0.0 if isnan(item.half_width) else item.half_width


def short_title(item: Marginal) -> str:
    """The title of a change, shortened to a line."""
    return label(shorten(item.title, TITLE_WIDTH, placeholder=" …"))


def million_title(answer: Answer, changes: Sequence[Marginal], gain: str, unit: str) -> str:
    """Title with the change that can be bought and has the largest gain per million."""
    clear = [item for item in changes if can_be_bought(item) and answer.marginal.is_positive(ratio(answer, item))]
    saving = [item for item in changes if can_be_bought(item) and saves(answer, item)]
    if saving:
        best = max(saving, key=lambda item: answer.improvement(item).mean)
        return f"{capitalised(short_title(best))}: more {gain} for less money, {plus_minus(answer.improvement(best))}"
    if not clear:
        return f"No change tested that can be bought has a clear gain in {gain} per {unit}"
    best = clear[0]
    return f"Largest gain per {unit}: {short_title(best)}, {plus_minus(ratio(answer, best))} {gain}"
