"""HTML pages from Jinja2 templates with autoescape, and the plotly figures on them."""

from dataclasses import dataclass
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.io import to_html
from plotly.offline import get_plotlyjs

from octoplan.show.theme import FONT

TITLE_HEIGHT = 44
"""Height in pixels that the title takes in a figure."""

CHART_FIT_FILE = Path(__file__).parent / "templates" / "chart_fit.js"
"""The script that fits charts to narrow screens."""
PAGE_SCRIPT_FILE = CHART_FIT_FILE.with_name("page.js")
"""The script of pages, which fits their charts to the screen and to paper."""


@dataclass(frozen=True)
class PageFigure:
    """A figure on a page: name, used as the anchor of links, plotly figure, and caption."""

    name: str
    chart: go.Figure
    caption: str

    @property
    def title(self) -> str:
        """Title of the figure as plain text, which wraps on narrow screens when displayed above the figure."""
        return plain_text(self.chart.layout.title.text)

    @property
    def subtitle(self) -> str:
        """Subtitle of the figure as plain text."""
        return plain_text(self.chart.layout.title.subtitle.text)

    @property
    def html(self) -> Markup:
        """HTML of the figure without its title."""
        figure = to_html(
            without_title(self.chart),
            full_html=False,
            include_plotlyjs=False,
            div_id=f"chart-{self.name}",
            config={"displaylogo": False, "responsive": True},
            validate=False,
        )
        return Markup(figure)  # noqa: S704  plotly escapes the JSON that it writes


def plain_text(label: str | None) -> str:
    """Plain text of a plotly label; None gives an empty text."""
    return unescape(label or "")


def css_text(text: str) -> str:
    r"""Text as the content of a quoted string in a style sheet, with all but ASCII letters and digits escaped.

    >>> print(css_text('a "b"'))
    a\000020\000022b\000022
    """
    return "".join(c if c.isascii() and c.isalnum() else f"\\{ord(c):06x}" for c in text)


def without_title(chart: go.Figure) -> dict[str, Any]:
    """The content of the figure without its title and the margin for it."""
    content = chart.to_dict()
    layout = content["layout"]
    margin = layout["margin"] | {"t": layout["margin"]["t"] - TITLE_HEIGHT}
    return {**content, "layout": {key: value for key, value in layout.items() if key != "title"} | {"margin": margin}}


@cache
def environment() -> Environment:
    """The Jinja2 environment of the templates; undefined names raise an error."""
    templates = Environment(
        loader=PackageLoader("octoplan.show"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates.globals["font"] = FONT
    templates.globals["plotly"] = get_plotlyjs
    templates.globals["scripts"] = scripts
    return templates


def scripts() -> str:
    """The scripts of a page, as one module."""
    return "\n".join(file.read_text("utf-8") for file in (CHART_FIT_FILE, PAGE_SCRIPT_FILE))


def render(template: str, **values: Any) -> str:
    """The text of a template, such as ``report.html``, filled with values; every text is escaped.

    Templates of pages extend ``base.html``, which has the style, plotly and the blocks ``title`` and ``body``; lists,
    tables and figures are macros of ``macros.html``.
    """
    return environment().get_template(template).render(**values)
