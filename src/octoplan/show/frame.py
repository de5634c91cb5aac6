"""Pages whose body is put together as a string; new pages extend ``templates/base.html`` instead (``html.render``)."""

from collections.abc import Iterable, Sequence
from html import escape

import plotly.graph_objects as go
from markupsafe import Markup

from octoplan.show.html import PageFigure, environment, plain_text, render, without_title


def paged(title: str, body: str) -> str:
    """A whole page that needs no network, with a title (text) and a body (HTML)."""
    return render("body.html", title=title, body=Markup(body))  # noqa: S704  the caller escapes


def untitled(figure: go.Figure) -> tuple[str, str, go.Figure]:
    """Title, subtitle, and the figure without them."""
    title = figure.layout.title
    return plain_text(title.text), plain_text(title.subtitle.text), without_title(figure)


def framed(name: str, figure: go.Figure, note: str) -> str:
    """A figure with its title above and its caption below."""
    macros = environment().get_template("macros.html").module
    return str(macros.figure(PageFigure(name, figure, note)))  # type: ignore[attr-defined]


def listed(lines: Iterable[str], *, most: int | None = None) -> str:
    """Lines as a list; beyond ``most`` their number."""
    every = list(lines)
    shown = every if most is None else every[:most]
    more = f"<li>and {len(every) - len(shown):,} more</li>" if len(every) > len(shown) else ""
    return "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in shown) + more + "</ul>" if every else ""


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, css: str = "", caption: str = "") -> str:
    """A table whose first column names its rows."""
    top = "".join(f"<th scope='col'>{escape(name)}</th>" for name in head)
    body = "".join(
        f"<tr><th scope='row'>{escape(first)}</th>" + "".join(f"<td>{escape(cell)}</td>" for cell in rest) + "</tr>"
        for first, *rest in rows
    )
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return (
        f"<div class='wide' tabindex='0'><table class='{escape(css)}'>{title}<thead><tr>{top}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Names and what they are, as a table of two columns without a head."""
    body = "".join(f"<tr><th scope='row'>{escape(k)}</th><td>{escape(v)}</td></tr>" for k, v in pairs)
    return f"<table class='log facts'>{body}</table>"


def section(name: str, title: str, body: str) -> str:
    """An annex with an anchor; nothing where there is nothing to say."""
    return f"<section class='annex' id='{escape(name)}'><h2>{escape(title)}</h2>{body}</section>" if body else ""
