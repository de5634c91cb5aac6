"""The page in use: sliders, links, jobs, uploads, keyboard, sessions and accessibility."""

import csv
import io
import zipfile
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from octoplan.answer.answer import answer_of
from octoplan.outcomes.run_results import RunResults
from octoplan.outcomes.simulate import simulate
from octoplan.scenario import load
from octoplan.scenario.workbook.writing import write_workbook
from octoplan.show.answer import paragraphs
from tests.app.serving import served
from tests.browser.conftest import Sessions
from tests.outcomes.runs import calibrated_scenario
from tests.scenario.folder import FILES, write

VIEWS = ("results", "raids", "supply", "defence", "money", "plan", "sensitivity", "log", "compare", "runs")
KITS = "[data-name='d.kits.order']"
VIEWS_WITH_CHARTS = ("results", "raids", "supply", "defence", "money")
"""Views that show charts once an answer is settled."""
COLOUR_RULES = ["color-contrast", "link-in-text-block"]
ACCESSIBILITY_STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def open_page(page: Any, address: str, query: str = "") -> Any:
    """Open the page and wait until it is ready."""
    page.goto(address + query)
    page.locator("body[data-ready=yes]").wait_for()
    return page


def wait_for_answer(page: Any, futures: int = 16) -> None:
    """Wait until the results of the latest settings are shown, over at least ``futures`` futures."""
    page.wait_for_function("futures => Number(document.body.dataset.levels) >= futures", arg=futures)


def wait_for_complete_answer(page: Any) -> None:
    """Wait until small changes have been simulated and the answer is complete."""
    page.locator("body[data-answered=yes]").wait_for()


def wait_for_charts(page: Any, view: str) -> None:
    """Wait until every chart of the view has been drawn."""
    page.wait_for_function(
        """minimum => {
          const plots = [...document.querySelectorAll("#view .plot")];
          return plots.length >= minimum && plots.every(plot => plot.querySelector(".main-svg"));
        }""",
        arg=int(view in VIEWS_WITH_CHARTS),
    )


def top_results(page: Any) -> list[str]:
    """Texts of the top results, which are shown above every view."""
    return list(page.locator(".top-result").all_inner_texts())


def move_slider(page: Any, slider: str, value: float) -> None:
    """Move a slider as a user does."""
    page.locator(f"{slider} input[type=range]").evaluate(
        "(range, value) => { range.value = value; range.dispatchEvent(new Event('input', {bubbles: true})); }", value
    )


def test_a_slider_changes_the_results(octopus_app: str, sessions: Sessions) -> None:
    """Fewer crews change the results; the change is listed, and undoing it restores the results."""
    page = open_page(sessions.page(), octopus_app)
    wait_for_answer(page, 128)
    before = top_results(page)
    move_slider(page, "[data-name='d.crews.intake']", 0.2)
    wait_for_answer(page, 128)
    after = top_results(page)
    assert after != before
    assert any("±" in result for result in after)
    assert "Crew intake each month" in page.locator("#changed").inner_text()
    assert "d.crews.intake=x0.2" in page.url
    page.get_by_role("button", name="Undo").click()
    wait_for_answer(page, 128)
    assert top_results(page) == before
    assert "crews.intake" not in page.url


def test_the_page_begins_with_the_answer(pocket_app: str, sessions: Sessions) -> None:
    """The answer is that of a run of the same futures; cards have the same figures, and a note explains them."""
    page = open_page(sessions.page(), pocket_app)
    wait_for_complete_answer(page)
    answer = answer_of(RunResults(simulate(load("pocket"), 128, 1)))
    assert answer is not None
    assert [text for text in page.locator("#sentences p").all_inner_texts() if text] == list(paragraphs(answer))
    for topic, card in (("stops", "leakers"), ("makes", "good units made")):
        value = page.locator(".top-result", has_text=card).first.locator(".value").inner_text()
        assert f" {value} " in sentence(page, topic).inner_text()
    page.get_by_text("How to read these sentences").click()
    assert answer.marginal.note in page.locator("#answer-note").inner_text()
    assert page.locator(".earlier, [aria-busy]").count() == 0


def test_what_is_of_earlier_settings_is_marked(pocket_app: str, sessions: Sessions) -> None:
    """After a move, cards and sentences are marked until they are new: those on results first, then the others."""
    page = open_page(sessions.page(), pocket_app)
    wait_for_complete_answer(page)
    before = {topic: sentence(page, topic).inner_text() for topic in ("makes", "worth", "next_step")}
    held: list[Any] = []
    page.route("**/api/answer", lambda route: held.append(route))  # noqa: PLW0108 (playwright sets attributes on it)
    move_slider(page, "[data-name='d.output.bench']", 0.2)
    page.locator("#answer-state", has_text="those of the earlier settings").wait_for()
    assert page.locator("#sentences span:not(:empty):not(.earlier[aria-busy=true])").count() == 0
    assert page.locator(".top-result:not(.earlier[aria-busy=true])").count() == 0
    page.wait_for_function("() => getComputedStyle(document.querySelector('.earlier')).color === 'rgb(85, 85, 85)'")
    body = {**held[-1].request.post_data_json, "answer": False}
    held[-1].fulfill(response=held[-1].fetch(post_data=body))
    wait_for_answer(page, 128)
    for topic in ("makes", "worth"):
        assert sentence(page, topic).inner_text() != before[topic]
        assert "earlier" not in (sentence(page, topic).get_attribute("class") or "")
    assert sentence(page, "next_step").inner_text() == before["next_step"]
    assert sentence(page, "next_step").get_attribute("aria-busy") == "true"
    assert page.locator(".top-result.earlier").count() == 0
    page.unroute("**/api/answer")
    page.get_by_role("button", name="Undo").click()
    wait_for_complete_answer(page)
    assert {topic: sentence(page, topic).inner_text() for topic in before} == before
    assert page.locator(".earlier, [aria-busy]").count() == 0


EFFECT_SCRIPT = """() => Object.fromEntries([...document.querySelectorAll(".effect")].map(cell => {
  const text = part => cell.querySelector(part).textContent;
  return [cell.dataset.key, [Number(cell.dataset.sign), text(".change"), text(".range")]];
}))"""
"""The effects that the page shows: sign, change and interval by key."""


@pytest.mark.parametrize("factor", [0.2, 0.9])
def test_a_move_shows_the_paired_change(pocket_app: str, sessions: Sessions, factor: float) -> None:
    """After a move, changes with intervals come first and results are held; no sign contradicts the settled one."""
    page = open_page(sessions.page(), pocket_app)
    wait_for_answer(page, 128)
    before = top_results(page)
    lines: list[str] = []

    def first_lines(route: Any) -> None:
        lines.extend(route.fetch(post_data={**route.request.post_data_json, "answer": False}).text().splitlines(True))
        route.fulfill(body=lines[0])

    page.route("**/api/answer", first_lines)
    move_slider(page, "[data-name='d.output.bench']", factor)
    page.locator("body[data-futures='2']").wait_for()
    first = page.evaluate(EFFECT_SCRIPT)
    assert list(first) == ["leakers", "made", "spend", "loss"]
    assert all(text == "not yet distinguishable" or "±" in text for _, text, _ in first.values())
    assert all(interval.startswith("95 % CI: ") for sign, _, interval in first.values() if sign)
    assert top_results(page) == before
    assert page.locator(".top-result:not(.earlier)").count() == 0
    assert page.locator(".plots.earlier").count() == 1
    page.unroute("**/api/answer")
    page.get_by_role("tab", name="Supply").click()
    wait_for_answer(page, 128)
    settled = page.evaluate(EFFECT_SCRIPT)
    assert settled["made"][0] == -1
    assert settled["made"][1].startswith("−")
    for key, (sign, _, _) in first.items():
        assert sign in (0, settled[key][0]) or settled[key][0] == 0
    units = page.locator(".top-result", has_text="good units made").locator(".change").inner_text()
    assert units.removeprefix("change ") == settled["made"][1]
    assert page.locator(".earlier, [aria-busy]").count() == page.locator("#sentences .earlier").count()
    page.get_by_role("button", name="Undo").click()
    wait_for_answer(page, 128)
    assert page.locator("#effects").is_hidden()
    assert top_results(page) == before


def test_inputs_have_names_and_are_found_by_everyday_words(pocket_app: str, sessions: Sessions) -> None:
    """A slider has a name, its unit, its row and its group, and its id on hover only; everyday words find it."""
    page = open_page(sessions.page(), pocket_app)
    assert page.locator("#decisions .group").all_inner_texts() == ["Crews and kits", "Plants and workers"]
    label = page.locator("[data-name='a.crews.on_duty'] label")
    assert label.inner_text() == "Crews on duty each night"
    assert label.get_attribute("title") == "crews.on_duty"
    line = next(row.line for row in load("pocket").assumptions if row.name == "crews.on_duty")
    assert f"assumptions.csv:{line}" in page.locator("[data-name='a.crews.on_duty'] summary").inner_text()
    assert "crews.on_duty" not in page.locator("aside").inner_text()
    search = page.get_by_role("searchbox", name="Find an assumption")
    for query, name in (
        ("factory people", "a.plants.bench.heads"), ("hit", "a.threats.drone.damage"), ("money", "a.kits.price"),
        ("rota", "a.crews.on_duty"), ("lorry", "a.lanes.road.cost"), ("rocket", "a.layers.missile.cost"),
    ):  # fmt: skip
        search.fill(query)
        assert page.locator(f"[data-name='{name}']").count() == 1, query
    search.fill("recruit")
    assert page.locator("#decisions .row:visible").count() == 1
    search.fill("")
    assert page.locator("#decisions .row:visible").count() == 4


def test_a_preset_is_a_named_scenario_with_a_link(pocket_app: str, sessions: Sessions) -> None:
    """A preset sets its changes and its name; its link, long or short, restores both; a further change is one's own."""
    page = open_page(sessions.page(), pocket_app)
    select = page.get_by_label("Scenario", exact=True)
    assert select.locator("option").all_inner_texts() == ["The baseline", "No programme"]
    select.select_option("No programme")
    wait_for_answer(page, 128)
    assert "No programme" in page.locator("#effects-head").inner_text()
    assert "makes no interceptors" in sentence(page, "makes").inner_text()
    effects = page.evaluate(EFFECT_SCRIPT)
    for address in (page.url, pocket_app + "?preset=no-programme"):
        other = open_page(sessions.page(), address)
        wait_for_answer(other, 128)
        assert other.get_by_label("Scenario", exact=True).input_value() == "no-programme"
        assert other.evaluate(EFFECT_SCRIPT) == effects
    move_slider(page, KITS, 2.0)
    page.locator("#preset option", has_text="Your own: ").wait_for(state="attached")
    select.select_option("The baseline")
    page.locator("#changed", has_text="None: this is the baseline").wait_for()
    unknown = sessions.page()
    unknown.goto(pocket_app + "?preset=nothing")
    wait_for_answer(unknown, 128)
    problem = unknown.locator("#problems")
    assert "no preset 'nothing'; it has no-programme" in problem.inner_text()
    assert "The results are those without the preset." in problem.inner_text()
    assert "makes 850 interceptors" in sentence(unknown, "makes").inner_text()
    assert unknown.get_by_label("Scenario", exact=True).input_value() == ""
    move_slider(unknown, KITS, 2.0)
    problem.wait_for(state="hidden")


def test_terms_have_their_meaning(pocket_app: str, sessions: Sessions) -> None:
    """The meaning of a term is shown on hover, on focus and on touch, and hidden by Escape; texts stay as they are."""
    page = open_page(sessions.page(), pocket_app)
    wait_for_answer(page, 128)
    term, meaning = page.locator("#sentences .term[data-term='net benefit']"), page.locator("#meaning")
    for show in (term.hover, term.focus, term.click):
        show()
        meaning.wait_for()
        assert "damage avoided and the spend saved" in meaning.inner_text()
        assert term.get_attribute("aria-describedby") == "meaning"
        page.keyboard.press("Escape")
        meaning.wait_for(state="hidden")
        page.locator("#title").hover()
        term.blur()
    names = page.locator("#sentences .term").evaluate_all("terms => terms.map(term => term.dataset.term)")
    assert len(names) == len(set(names)) > 3
    assert page.locator("#assumptions label .term", has_text="Crews").count() == 0, "the title of the group has it"
    slider_term = page.locator("#decisions label .term").first
    slider_term.click()
    meaning.wait_for()
    assert page.evaluate("document.activeElement.className") == "term", "the slider has the focus"
    assert page.locator("#view figure h3 .term[data-term=leakers]").count() == 1
    page.get_by_role("searchbox", name="Find an assumption").fill("kit")
    assert page.locator("#assumptions .group .term[data-term=kits]").count() == 1


def sentence(page: Any, topic: str) -> Any:
    """The sentence of the answer on a topic."""
    return page.locator(f"#sentences [data-topic={topic}]")


FIRST_VIEW = {"answer": "#sentences", "card": ".top-result", "chart": "#view .plot", "slider": "#decisions input"}
"""What belongs to the first view, with selectors of which the first match counts, in the order on a phone."""


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1280, 720)])
def test_the_first_view_needs_no_scrolling(octopus_app: str, sessions: Sessions, width: int, height: int) -> None:
    """The answer, a card, a chart and a slider are inside the window, and do not overlap."""
    page = open_page(sessions.page(viewport={"width": width, "height": height}), octopus_app)
    wait_for_complete_answer(page)
    wait_for_charts(page, "results")
    boxes = {name: page.locator(selector).first.bounding_box() for name, selector in FIRST_VIEW.items()}
    for name, box in boxes.items():
        assert 0 <= box["x"] <= box["x"] + box["width"] <= width, name
        assert 0 <= box["y"] <= box["y"] + box["height"] <= height, name
    assert boxes["chart"]["height"] >= 200
    below = [boxes[name]["y"] for name in ("answer", "card", "chart")]
    assert below == sorted(below)


PHONE = {"width": 390, "height": 844}
MIN_TEXT, MIN_AXIS_TEXT, MIN_TARGET = 14.0, 11.0, 40.0
"""Smallest text of the answer and of the chart, and smallest height of a control on a phone, in pixels."""
CONTROLS = "button, .button, select, summary, input:not(.unseen)"
CUT_OR_COVERED = """plot => {
  const frame = plot.getBoundingClientRect(), ROOM = 4;  // pixels above and below the letters in the box of a text
  const texts = [...plot.querySelectorAll("svg text")].filter(text => text.textContent);
  const boxes = texts.map(text => text.getBoundingClientRect());
  const isCut = box => box.left < frame.left || box.right > frame.right
    || box.top < frame.top || box.bottom > frame.bottom;
  const covers = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
    && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > ROOM;
  const isUnclear = box => isCut(box) || boxes.some(other => other !== box && covers(box, other));
  return texts.filter((_, i) => isUnclear(boxes[i])).map(text => text.textContent);
}"""
"""JavaScript that lists the texts of a chart that are cut at its edges or lie on one another."""


def assert_on_first_screen(page: Any) -> None:
    """Answer, card, chart and slider with its name and value are inside a phone's screen, in this order."""
    assert page.evaluate("scrollY") == 0
    slider = "#decisions .row"
    selectors = {
        "name": f"{slider} label", "range": f"{slider} input[type=range]", "value": f"{slider} input[type=text]"
    }  # fmt: skip
    boxes = {name: page.locator(sel).first.bounding_box() for name, sel in (FIRST_VIEW | selectors).items()}
    for name, box in boxes.items():
        assert 0 <= box["x"] <= box["x"] + box["width"] <= PHONE["width"], name
        assert 0 <= box["y"] <= box["y"] + box["height"] <= PHONE["height"], name
    assert boxes["chart"]["height"] >= 200
    order = [boxes[name] for name in FIRST_VIEW]
    assert all(above["y"] + above["height"] <= below["y"] for above, below in pairwise(order))
    assert page.locator("#view .plot").first.evaluate(CUT_OR_COVERED) == []


@pytest.mark.parametrize("scenario", ["octopus", "pocket"])
def test_the_first_view_of_a_phone_needs_no_scrolling(
    octopus_app: str, pocket_app: str, sessions: Sessions, scenario: str
) -> None:
    """At 390 by 844 answer, card, chart and slider are on the first screen, and large enough to read and touch."""
    address = {"octopus": octopus_app, "pocket": pocket_app}[scenario]
    page = open_page(sessions.page(viewport=PHONE), address)
    wait_for_complete_answer(page)
    wait_for_charts(page, "results")
    assert_on_first_screen(page)
    for topic in ("makes", "stops", "worth"):
        assert sentence(page, topic).bounding_box()["height"] >= MIN_TEXT
        assert float(sentence(page, topic).evaluate("x => getComputedStyle(x).fontSize").removesuffix("px")) >= MIN_TEXT
    sizes = page.locator("#view .plot text").evaluate_all("texts => texts.map(x => getComputedStyle(x).fontSize)")
    assert min(float(size.removesuffix("px")) for size in sizes) >= MIN_AXIS_TEXT
    controls = [item.bounding_box() for item in page.locator(CONTROLS).all() if item.is_visible()]
    on_screen = [box for box in controls if box["width"] > 1 and box["y"] < PHONE["height"]]
    assert len(on_screen) > 10
    assert min(box["height"] for box in on_screen) >= MIN_TARGET
    label = page.locator("#decisions label").first.inner_text()
    assert label == "Crew intake each month, crews"
    assert page.locator("main details[open]").count() == 0


def test_the_whole_answer_can_be_read_on_a_phone(pocket_app: str, sessions: Sessions) -> None:
    """A control unfolds the answer after its first paragraph; screen readers and paper have all of it at once."""
    page = open_page(sessions.page(viewport=PHONE), pocket_app)
    wait_for_complete_answer(page)
    first, *others = page.locator("#sentences p").all()
    assert first.bounding_box()["height"] > MIN_TEXT
    assert [paragraph.bounding_box()["height"] <= 1 for paragraph in others] == [True, True]
    snapshot = page.locator("main").aria_snapshot()
    assert "Next:" in snapshot
    assert "How to read these sentences" in snapshot
    page.emulate_media(media="print")
    assert all(paragraph.bounding_box()["height"] > MIN_TEXT for paragraph in others)
    page.emulate_media(media="screen")
    page.get_by_text("Read the whole answer").click()
    assert all(paragraph.bounding_box()["height"] > MIN_TEXT for paragraph in others)
    assert page.locator("#progress").bounding_box()["height"] > MIN_TEXT
    page.get_by_text("Show less of the answer").click()
    assert others[-1].bounding_box()["height"] <= 1
    others[0].locator(".term").first.focus()
    assert others[0].bounding_box()["height"] > MIN_TEXT, "what has the focus is visible"


def test_the_tools_are_in_a_menu_on_a_phone(pocket_app: str, sessions: Sessions) -> None:
    """On a phone the tools are in a menu that a button opens and Escape closes; on a wide screen there is no menu."""
    page = open_page(sessions.page(viewport=PHONE), pocket_app)
    undo = page.get_by_role("button", name="Undo")
    assert page.locator("header").bounding_box()["height"] <= 44
    assert undo.is_hidden()
    page.get_by_role("button", name="Menu").click()
    assert undo.is_visible()
    assert "octoplan" in page.locator("#scenario").inner_text()
    page.keyboard.press("Escape")
    assert undo.is_hidden()
    page.set_viewport_size({"width": 1280, "height": 720})
    assert undo.is_visible()
    assert page.get_by_role("button", name="Menu").is_hidden()


def test_a_move_on_a_phone_shows_its_effect_without_moving_the_slider(octopus_app: str, sessions: Sessions) -> None:
    """The effect takes the place of the cards, so that the slider stays under the finger; all stays on the screen."""
    page = open_page(sessions.page(viewport=PHONE), octopus_app)
    wait_for_complete_answer(page)
    wait_for_charts(page, "results")
    slider = page.locator("[data-name='d.crews.intake'] input[type=range]")
    before = slider.bounding_box()["y"]
    move_slider(page, "[data-name='d.crews.intake']", 2.0)
    page.locator("#effects").wait_for()
    assert slider.bounding_box()["y"] == pytest.approx(before, abs=2.0)
    wait_for_answer(page, 128)
    page.locator(".plots:not(.earlier)").wait_for()
    assert slider.bounding_box()["y"] == pytest.approx(before, abs=20.0), "the sentences may need a line more or less"
    leakers = page.locator(".effect[data-key=leakers]").bounding_box()
    assert 0 <= leakers["x"] <= leakers["x"] + leakers["width"] <= PHONE["width"]
    assert 0 <= leakers["y"] <= leakers["y"] + leakers["height"] <= PHONE["height"]
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("button", name="Undo").click()
    page.keyboard.press("Escape")
    wait_for_answer(page, 128)
    page.locator(".plots:not(.earlier)").wait_for()
    assert_on_first_screen(page)


def test_a_link_reproduces_the_page_to_the_digit(pocket_app: str, sessions: Sessions) -> None:
    """The address, opened in a new browser, shows the same view, changes and numbers."""
    page = open_page(sessions.page(), pocket_app, "?view=results")
    move_slider(page, KITS, 2.0)
    page.locator("[data-name='a.crews.on_duty'] input[type=text]").fill("0.5 to 0.9")
    page.locator("[data-name='a.crews.on_duty'] input[type=text]").press("Enter")
    page.get_by_role("tab", name="Supply").click()
    wait_for_answer(page, 128)
    second_page = open_page(sessions.page(), page.url)
    wait_for_answer(second_page, 128)
    assert top_results(second_page) == top_results(page)
    for view_page in (page, second_page):
        wait_for_complete_answer(view_page)
    assert second_page.locator("#sentences").inner_text() == page.locator("#sentences").inner_text()
    assert second_page.locator("#changed").inner_text() == page.locator("#changed").inner_text()
    assert second_page.get_by_role("tab", selected=True).inner_text() == "Supply"
    assert second_page.locator("figure h3").all_inner_texts() == page.locator("figure h3").all_inner_texts()


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("?with=9.9.9", "made with octoplan 9.9.9"),
        ("?of=0123456789abcdef", "made for another scenario"),
        ("?a.crews.on_duty=lots", "lots"),
        ("?a.no.such=1", "no assumption"),
        ("?d.kits.order=some", "cannot be read"),
    ],
)
def test_a_link_that_cannot_be_used_shows_the_reason(
    pocket_app: str, sessions: Sessions, query: str, reason: str
) -> None:
    """A link of another version or scenario, or with a change that is refused, shows the reason."""
    page = sessions.page()
    page.goto(pocket_app + query)
    page.locator("#problems").wait_for()
    assert reason in page.locator("#problems").inner_text()


def test_cancelling_a_job_does_not_affect_other_browsers(pocket_app: str, sessions: Sessions) -> None:
    """Two browsers each start a large run; each sees only its run, and one is cancelled while the other continues."""
    first, second = (open_page(sessions.page(), pocket_app, "?view=runs") for _ in range(2))
    for page in (first, second):
        page.get_by_label("Futures").fill("100000")
        page.get_by_role("button", name="Simulate").click()
        page.get_by_role("button", name="Cancel").wait_for()
    assert first.locator(".jobrow").count() == 1
    first.get_by_role("button", name="Cancel").click()
    first.get_by_text("run: cancelled").wait_for()
    first.reload()
    first.get_by_text("run: cancelled").wait_for()
    assert "running" in second.locator(".jobrow").inner_text()
    second.get_by_role("button", name="Cancel").click()
    second.get_by_text("run: cancelled").wait_for()


def test_a_result_survives_a_reload(pocket_app: str, sessions: Sessions) -> None:
    """The result of a finished run is shown again after a reload, but not in another browser."""
    page = open_page(sessions.page(), pocket_app, "?view=runs")
    page.get_by_label("Futures").fill("200")
    page.get_by_role("button", name="Simulate").click()
    page.get_by_text("200 futures, 0 failed").wait_for()
    page.reload()
    page.get_by_text("200 futures, 0 failed").wait_for()
    assert page.locator("#view figure").count() > 5
    second_page = open_page(sessions.page(), pocket_app, "?view=runs")
    wait_for_answer(second_page)
    assert second_page.locator(".jobrow").count() == 0


def test_a_plan_is_asked_for_shown_and_applied(pocket_app: str, sessions: Sessions) -> None:
    """The form has controls; what speaks against the plan stands first; applying it changes decisions and results."""
    page = open_page(sessions.page(), pocket_app, "?view=plan")
    wait_for_answer(page, 128)
    assert page.locator("form.plan input[type=text]").count() == 0
    page.get_by_label("Find the decisions with").select_option("most-stopped")
    page.locator("[name=futures]").fill("6")
    page.get_by_role("button", name="Find a plan").click()
    page.locator("#problems", has_text="needs a budget").wait_for()
    page.get_by_label("Find the decisions with").select_option("least-cost")
    page.get_by_role("button", name="Find a plan").click()
    page.get_by_role("button", name="Apply this plan").wait_for()
    assert page.locator("#problems").is_hidden()
    result = page.locator(".job-result")
    assert "this plan is not recommended" in result.locator("h3 + .cautions").inner_text()
    heads = result.locator(".calendar thead th").all_inner_texts()
    assert heads == ["", "2026-01", "2026-02", "2026-03"]
    assert result.locator(".calendar tbody tr", has_text="start training").count() == 1
    assert result.locator("tr.better").all_inner_texts()[0].startswith("baseline decisions")
    page.get_by_role("button", name="Apply this plan").click()
    wait_for_answer(page, 128)
    assert "d.crews.intake=1" in page.url
    assert "Output, " in page.locator("#changed").inner_text()
    assert page.locator("[data-name='d.kits.order'] input[type=text]").input_value() == "1"
    monthly = [float(x) for x in page.locator("[data-name='d.output.bench'] input[type=text]").input_value().split(",")]
    position = float(page.locator("[data-name='d.output.bench'] input[type=range]").input_value())
    assert position == pytest.approx(sum(monthly) / (310 + 280 + 310), abs=0.026)
    assert "−610" in page.locator(".top-result", has_text="good units made").first.inner_text()
    assert "±" in page.locator(".top-result", has_text="leakers").first.inner_text()
    page.get_by_role("button", name="Undo").click()
    assert "None" in page.locator("#changed").inner_text()


def test_a_plan_shows_its_frontier(pocket_app: str, sessions: Sessions, tmp_path: Path) -> None:
    """A plan with a frontier has charts, decisions to save, and a slider; a click on a point loads its plan."""
    with zipfile.ZipFile(tmp_path / "small.zip", "w") as archive:
        for name, text in FILES.items():
            archive.writestr(name, text)
    page = open_page(sessions.page(), pocket_app)
    with page.expect_navigation():
        page.locator("#upload").set_input_files(tmp_path / "small.zip")
    page.locator("body[data-ready=yes]").wait_for()
    page.locator("#tab-plan").click()
    page.locator("[name=futures]").fill("6")
    page.get_by_label("Frontier of the share of").select_option("here")
    page.get_by_role("button", name="Find a plan").click()
    share = page.get_by_label("Share of the units made in here")
    share.wait_for()
    drag_across_chart(page, share)
    assert "None" in page.locator("#changed").inner_text()
    click_on_chart(page, 0.97)
    assert share.input_value() == share.get_attribute("max")
    page.locator("#changed", has_text="Output, works").wait_for()
    works = page.url.split("d.output.works=")[1]
    page.get_by_role("button", name="Undo").click()
    share.fill("0")
    page.get_by_role("button", name="Load the plan with 0 % made in").click()
    page.locator("#changed", has_text="Output, works").wait_for()
    assert page.url.split("d.output.works=")[1] != works
    with page.expect_download() as download:
        page.get_by_role("button", name="Save decisions.toml").click()
    assert "[output]" in Path(download.value.path()).read_text("utf-8")


def click_on_chart(page: Any, across: float) -> None:
    """Click on the chart of the frontier at a share of its width."""
    box = page.locator("[data-name=frontier] .plot.draggable").bounding_box()
    page.mouse.click(box["x"] + across * box["width"], box["y"] + 150)


def drag_across_chart(page: Any, share: Any) -> None:
    """Drag across the chart of the frontier, and check that the slider and its text follow from end to end."""
    plot = page.locator("[data-name=frontier] .plot.draggable")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    texts = set()
    for across, end in ((0.97, "max"), (0.1, "min")):
        page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 150)
        page.mouse.down()
        page.mouse.move(box["x"] + across * box["width"], box["y"] + 150, steps=4)
        page.mouse.up()
        assert share.input_value() == share.get_attribute(end)
        texts.add(share.get_attribute("aria-valuetext"))
    assert len(texts) == 2


def test_a_broken_workbook_shows_its_errors(pocket_app: str, sessions: Sessions, tmp_path: Path) -> None:
    """The errors of an uploaded workbook are listed with sheet and cell; the page still shows its scenario."""
    book = openpyxl.load_workbook(io.BytesIO(write_workbook(load("pocket").files)))
    book["assumptions"]["B2"] = "plenty"
    book["assumptions"]["I3"] = "blue"
    book.save(tmp_path / "broken.xlsx")
    page = open_page(sessions.page(), pocket_app)
    page.locator("#upload").set_input_files(tmp_path / "broken.xlsx")
    page.locator("#problems").wait_for()
    texts = page.locator("#problems").inner_text()
    assert texts.startswith("broken.xlsx was not loaded: 2 errors:")
    assert "assumptions!B2" in texts
    assert "assumptions!I3" in texts
    assert "plenty" in texts
    assert "blue" in texts
    assert page.locator("#title").inner_text() == "Pocket"


def test_a_workbook_restores_a_changed_scenario(pocket_app: str, sessions: Sessions, tmp_path: Path) -> None:
    """A changed scenario, downloaded as a workbook and uploaded in another browser, gives the same results."""
    page = open_page(sessions.page(), pocket_app)
    move_slider(page, "[data-name='d.output.bench']", 2.0)
    page.locator("#changed").get_by_text("Output, bench").wait_for()
    wait_for_answer(page, 128)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download (.xlsx)").click()
    path = tmp_path / "changed.xlsx"
    download.value.save_as(path)
    second_page = open_page(sessions.page(), pocket_app)
    with second_page.expect_navigation():
        second_page.locator("#upload").set_input_files(path)
    second_page.locator("body[data-ready=yes]").wait_for()
    loaded = second_page.locator("#loaded")
    assert "Loaded: Pocket: 2026-01 to 2026-03" in loaded.inner_text()
    assert loaded.locator("li").all_inner_texts() == ["decision “Output, bench”: 310, 280, 310 → 620, 560, 620"]
    assert page.locator("#loaded").is_hidden()
    wait_for_answer(second_page, 128)
    first, second = (
        [text.split("\n")[:3] for text in top_results(view_page)] for view_page in (page, second_page)
    )  # fmt: skip
    assert first == second


def test_every_view_can_be_reached_with_the_keyboard(pocket_app: str, sessions: Sessions) -> None:
    """The first Tab selects the skip link; further ones reach a slider; arrow keys move it and change the view."""
    page = open_page(sessions.page(), pocket_app)
    wait_for_answer(page)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.type") == "range":
            break
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.locator("#changed").get_by_text("revert").wait_for()
    assert "Crew intake each month" in page.locator("#changed").inner_text()
    page.locator("#tab-results").focus()
    visited = []
    for _ in VIEWS:
        visited.append(page.evaluate("document.activeElement.id").removeprefix("tab-"))
        page.keyboard.press("ArrowRight")
    assert tuple(visited) == VIEWS
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_the_day_slider_selects_a_day(pocket_app: str, sessions: Sessions) -> None:
    """The map and the flow through the layers show the day that the slider selects."""
    page = open_page(sessions.page(), pocket_app, "?view=defence")
    page.locator("#day").wait_for()
    page.locator("#day").evaluate("range => { range.value = 3; range.dispatchEvent(new Event('input')); }")
    page.locator(".days h3", has_text="2026-01-04").wait_for()
    assert page.locator(".day").inner_text().startswith("2026-01-04")


def test_a_change_simulates_the_days_again(pocket_app: str, sessions: Sessions) -> None:
    """After a change the map and the flow of a day equal those of its link in a new browser."""
    page = open_page(sessions.page(), pocket_app, "?view=defence")
    before = contents_of_13_january(page)
    move_slider(page, "[data-name='d.output.bench']", 0.0)
    page.locator(".days.stale").wait_for()
    page.locator(".days:not(.stale)").wait_for()
    page.locator(".days h3", has_text="2026-01-13").filter(has_not_text=before[1]).wait_for()
    after = contents_of_13_january(page)
    assert after != before
    assert contents_of_13_january(open_page(sessions.page(), page.url)) == after


def contents_of_13_january(page: Any) -> list[str]:
    """The caption of the day, the title of its flow, and the counts of its map."""
    page.locator("#day").fill("12")
    flow = page.locator(".days h3", has_text="2026-01-13")
    flow.wait_for()
    return [page.locator(".days .day").inner_text(), flow.inner_text(), page.locator(".tiles").inner_text()]


def test_a_chart_can_be_downloaded(pocket_app: str, sessions: Sessions) -> None:
    """A chart can be saved as a CSV file of its series, and as an SVG file."""
    page = open_page(sessions.page(), pocket_app, "?view=supply")
    wait_for_answer(page, 128)
    with page.expect_download() as table:
        page.get_by_role("button", name="CSV").first.click()
    assert Path(table.value.path()).read_text("utf-8").startswith("series,x,y\n")
    with page.expect_download() as image:
        page.get_by_role("button", name="SVG").first.click()
    assert "<svg" in Path(image.value.path()).read_text("utf-8")[:200]


def test_a_night_is_replayed_layer_by_layer(octopus_app: str, sessions: Sessions) -> None:
    """Before the first layer every threat launched is airborne; at the end of the replay none is."""
    page = open_page(sessions.page(reduced_motion="reduce"), octopus_app, "?view=defence")
    layer_slider = page.get_by_label("Layers passed")
    layer_slider.wait_for()
    flow_chart = page.locator("figure[data-name=night]")
    launched = flow_chart.locator("h3").inner_text().split(" launched")[0].split()[-1].replace(",", "")
    layer_slider.fill("0")
    flow_chart.get_by_text(f"airborne: {int(launched):,}").first.wait_for()
    page.get_by_role("button", name="Replay the night").click()
    page.wait_for_function("() => document.querySelector('#layer').value === document.querySelector('#layer').max")
    flow_chart.get_by_text("airborne: ").first.wait_for(state="detached")
    assert layer_slider.input_value() == layer_slider.get_attribute("max")


def test_controls_are_not_printed(pocket_app: str, sessions: Sessions) -> None:
    """A printed page has charts and their titles, and no controls."""
    page = open_page(sessions.page(), pocket_app, "?view=supply")
    wait_for_answer(page, 128)
    page.emulate_media(media="print")
    assert page.locator("figure h3").first.is_visible()
    for control in ("aside", ".tools", ".actions", "[role=tablist]", ".skip"):
        assert not page.locator(control).first.is_visible(), control


PAPER = {"width": 703, "height": 1030}
"""Pixels of A4 within margins of 12 mm."""
CUT = """() => [...document.querySelectorAll("body *")].filter(element => {
  const box = element.getBoundingClientRect(), style = getComputedStyle(element);
  return box.width && box.height && style.position !== "absolute" && !element.closest("svg")
    && (box.right > innerWidth + 1 || box.left < -1);
}).map(element => element.outerHTML.slice(0, 120))"""
"""JavaScript that lists the visible elements that lie partly outside the paper."""


@pytest.mark.parametrize("view", ["results", "defence", "money", "log"])
def test_a_printed_page_has_its_settings_and_nothing_is_cut(pocket_app: str, sessions: Sessions, view: str) -> None:
    """Printing lists scenario, changes and address, opens what is folded, and fits charts and tables to the paper."""
    query = f"?view={view}&d.output.bench=x2&a.crews.on_duty=0.5 to 0.9"
    page = open_page(sessions.page(color_scheme="dark"), pocket_app, query)
    wait_for_answer(page, 128)
    wait_for_charts(page, view)
    assert page.locator("#settings").is_hidden()
    folded = page.locator("main details:not([open])").count()
    assert folded
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    widths = page.locator("#view .main-svg").evaluate_all("svgs => svgs.map(svg => svg.getBoundingClientRect().width)")
    assert max(widths, default=0) <= PAPER["width"]
    page.set_viewport_size(PAPER)
    assert page.locator("#settings li").all_inner_texts() == [
        f"Scenario: Pocket ({load('pocket').hash[:12]}), octoplan {version('octoplan')}",
        "assumption: Crews on duty each night 0.5 to 0.9", "decision: Output, bench x2", f"Address: {page.url}",
    ]  # fmt: skip
    assert page.locator("#settings").is_visible()
    assert page.locator("main details:not([open])").count() == 0
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    assert page.evaluate(CUT) == []
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("main details:not([open])").count() == folded
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_a_pdf_is_prepared_for_paper(pocket_app: str, sessions: Sessions) -> None:
    """When the browser writes a PDF, the settings are filled in first."""
    page = open_page(sessions.page(), pocket_app, "?view=supply&d.output.bench=x0.5")
    wait_for_answer(page, 32)
    assert page.locator("#settings li").count() == 0
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
    assert "decision: Output, bench x0.5" in page.locator("#settings li").all_text_contents()


def test_csv_files_of_flows_maps_and_bands(pocket_app: str, sessions: Sessions) -> None:
    """Rows have origin, destination and number for flows, region and value for maps, and both ends for bands."""
    page = open_page(sessions.page(), pocket_app, "?view=defence")
    wait_for_answer(page, 128)
    page.locator("figure[data-name=night] .main-svg").first.wait_for()
    rows = {}
    for button in page.get_by_role("button", name="CSV").all():
        with page.expect_download() as table:
            button.click()
        download = table.value
        rows[download.suggested_filename] = list(csv.reader(Path(download.path()).read_text("utf-8").splitlines()))
    header, *flows = rows["octoplan-night.csv"]
    assert header == ["from", "to", "number"]
    drones = int(flows[0][0].removeprefix("drone: "))
    assert sum(int(flow[2]) for flow in flows if flow[0].startswith("drone: ")) == drones > 0
    assert rows["octoplan-leakers-by-region.csv"][0] == ["where", "value"]
    assert rows["octoplan-leakers-by-region.csv"][1][0] == "town"
    ends = {row[1] for row in rows["octoplan-kills-per-sortie.csv"]}
    assert {"sorties", "sorties, P10 to P90, upper end", "sorties, P10 to P90, lower end"} < ends
    assert not any(name.startswith("series ") for name in ends)


def test_no_view_violates_accessibility_rules(octopus_app: str, sessions: Sessions) -> None:
    """No view violates WCAG 2.2, levels A and AA; in dark colours no view violates the rules on colour."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = open_page(sessions.page(), octopus_app, "?d.kits.order=x1.5")
    violations = []
    for view in VIEWS:
        page.locator(f"#tab-{view}").click()
        if view not in ("plan", "runs", "compare"):
            wait_for_answer(page, 8)
            wait_for_charts(page, view)
        if view == "log":
            page.get_by_label("Filter").fill("crews")  # the rows are alike, and axe takes long for two hundred of them
        violations += violations_of(axe, page, view, {"type": "tag", "values": ACCESSIBILITY_STANDARDS})
        page.locator("#theme").click()
        violations += violations_of(axe, page, f"{view}, dark", {"type": "rule", "values": COLOUR_RULES})
        page.locator("#theme").click()
    assert violations == []


def test_the_first_view_of_a_phone_violates_no_accessibility_rule(octopus_app: str, sessions: Sessions) -> None:
    """On a phone the first view after a change, its menu and what it unfolds violate no rule, nor do dark colours."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = open_page(sessions.page(viewport=PHONE), octopus_app, "?d.kits.order=x1.5")
    wait_for_complete_answer(page)
    wait_for_charts(page, "results")
    standards = {"type": "tag", "values": ACCESSIBILITY_STANDARDS}
    violations = violations_of(axe, page, "first view", standards)
    page.locator("#warnings summary").click()
    page.get_by_text("Read the whole answer").click()
    page.get_by_text("Notes and downloads").click()
    page.get_by_role("button", name="Menu").click()
    violations += violations_of(axe, page, "unfolded", standards)
    page.locator("#theme").click()
    violations += violations_of(axe, page, "dark", {"type": "rule", "values": COLOUR_RULES})
    assert violations == []


def violations_of(axe: Any, page: Any, where: str, rules: dict[str, Any]) -> list[str]:
    """Violations of accessibility rules that axe finds in the page."""
    return [
        f"{where}: {violation['id']}: {node['html'][:160]}"
        for violation in axe.run(page, options={"runOnly": rules}).response["violations"]
        for node in violation["nodes"][:3]
    ]


def test_the_page_follows_the_colour_scheme_of_the_desktop(pocket_app: str, sessions: Sessions) -> None:
    """If the desktop prefers dark colours, the page uses them."""
    page = open_page(sessions.page(color_scheme="dark"), pocket_app)
    assert page.locator("html").get_attribute("data-theme") == "dark"


@pytest.mark.parametrize("view", VIEWS)
def test_a_narrow_screen_does_not_scroll_sideways(octopus_app: str, sessions: Sessions, view: str) -> None:
    """At 390 pixels no view is wider than the screen."""
    page = open_page(sessions.page(viewport={"width": 390, "height": 800}), octopus_app, f"?view={view}")
    if view not in ("plan", "runs", "compare"):
        wait_for_answer(page, 8)
        wait_for_charts(page, view)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_zip_bomb_is_refused_in_the_page(pocket_app: str, sessions: Sessions, tmp_path: Path) -> None:
    """The reason why an upload is refused is shown in the page."""
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("programme.toml", b"0" * 50_000_000)
    page = open_page(sessions.page(), pocket_app)
    page.locator("#upload").set_input_files(tmp_path / "bomb.zip")
    page.locator("#problems").wait_for()
    assert "unpacks to 50,000,000 bytes" in page.locator("#problems").inner_text()


def test_calibrated_assumptions_have_their_prior(browser: Any, sessions: Sessions, tmp_path: Path) -> None:
    """The log has the prior below the posterior, and a result names the red, uncalibrated assumptions it rests on."""
    del browser
    folder = write(tmp_path / "calibrated", {n: b.decode() for n, b in calibrated_scenario().files.items()})
    with served(str(folder)) as address:
        page = open_page(sessions.page(), address, "?view=log")
        row = page.locator("tr", has=page.get_by_text("threats.drone.damage", exact=True))
        assert row.inner_text().count("prior ") == 3
        other = page.locator("tr", has_text="finance.optimism_bias")
        assert "prior" not in other.inner_text()
        assert "those of its prior below" in page.locator("#view").inner_text()
        page.get_by_role("searchbox", name="Find an assumption").fill("p_kill")
        page.locator("#assumptions summary").first.click()
        assert "Calibrated; prior P10, P50, P90: " in page.locator("#assumptions").inner_text()
        wait_for_answer(page, 128)
        cost = page.locator(".top-result", has_text="cost of the programme, GBP")
        cost.locator("summary").click()
        assert "rated red and not informed by observations: uplift on capital" in cost.inner_text()
        assert page.locator(".top-result", has_text="leakers, all").locator("summary").count() == 0
        page.close()
