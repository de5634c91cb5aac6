"""Cards: what a notebook displays of a scenario, a run, a comparison, a plan or a calibration, as short HTML."""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Template

TEMPLATE = """\
<div class="octoplan">
{% for paragraph in card.answer %}
<p>{{ paragraph }}</p>
{% endfor %}
<table>
<caption>{{ card.title }}</caption>
{% if card.headings %}
<thead><tr>{% for name in card.headings %}<th scope="col">{{ name }}</th>{% endfor %}</tr></thead>
{% endif %}
<tbody>
{% for row in card.rows %}
<tr><th scope="row">{{ row[0] }}</th>{% for cell in row[1:] %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}
</tbody>
</table>
{% if card.note %}
<p><small>{{ card.note }}</small></p>
{% endif %}
</div>
"""


@dataclass(frozen=True)
class Card:
    """A short text with a small table.

    title
        Caption of the table.
    answer
        Paragraphs that answer the question; they come first.
    rows
        Rows of the table as text; the first cell of each is its name.
    headings
        Names of the columns; none by default.

    Note:
        Note below the table.

    """

    title: str
    answer: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    headings: tuple[str, ...] = ()
    note: str = ""

    def html(self) -> str:
        """The card as unstyled HTML without scripts; all text is escaped.

        Example:
            >>> print(Card("Output", ("R&D comes first.",), (("made", "850"),)).html())
            <div class="octoplan">
            <p>R&amp;D comes first.</p>
            <table>
            <caption>Output</caption>
            <tbody>
            <tr><th scope="row">made</th><td>850</td></tr>
            </tbody>
            </table>
            </div>
            <BLANKLINE>

        """
        return template().render(card=self)


@cache
def template() -> "Template":
    """The template of a card."""
    from jinja2 import Environment, StrictUndefined  # takes long to import

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(TEMPLATE + "\n")
