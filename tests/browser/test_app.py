"""The page as people use it: sliders, links, jobs, uploads, keys, sessions, and what assistive software finds."""

import csv
import io
import time
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from octoplan.app import folders
from octoplan.scenario import load
from tests.browser.conftest import SLOW, Sessions
from tests.scenario.folder import FILES

VIEWS = ("headlines", "raids", "supply", "defence", "money", "plan", "matters", "log", "compare", "runs")
KITS = "[data-name='d.kits.order']"
COLOURS = ["color-contrast", "link-in-text-block"]
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def opened(page: Any, address: str, rest: str = "") -> Any:
    """The page, ready, with figures of 32 futures at least."""
    page.goto(address + rest)
    page.locator("body[data-ready=yes]").wait_for()
    return page


def refined(page: Any, futures: int = 32) -> None:
    """Wait until an answer of so many futures or more stands."""
    for _ in range(SLOW // 50):
        if int(page.locator("body").get_attribute("data-futures") or 0) >= futures:
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"no answer of {futures} futures: {page.locator('#problems').inner_text()}")


def strip(page: Any) -> list[str]:
    """The headlines as they stand."""
    return list(page.locator(".head").all_inner_texts())


def moved(page: Any, slider: str, value: float) -> None:
    """Move a slider as a hand does."""
    page.locator(f"{slider} input[type=range]").evaluate(
        "(range, value) => { range.value = value; range.dispatchEvent(new Event('input', {bubbles: true})); }", value
    )


def test_a_slider_moves_the_headline(octopus_app: str, sessions: Sessions) -> None:
    """Fewer crews change the headlines; the change is listed, can be undone, and the headlines are as before."""
    page = opened(sessions.page(), octopus_app)
    refined(page, 128)
    before = strip(page)
    page.evaluate("document.body.dataset.futures = ''")
    moved(page, "[data-name='d.crews.intake']", 0.2)
    refined(page, 32)
    after = strip(page)
    assert after != before
    assert any("±" in head for head in after)
    assert "crews.intake" in page.locator("#changed").inner_text()
    assert "d.crews.intake=x0.2" in page.url
    page.evaluate("document.body.dataset.futures = ''")
    page.get_by_role("button", name="Undo").click()
    refined(page, 128)
    assert strip(page) == before
    assert "crews.intake" not in page.url


def test_a_link_reproduces_the_page_to_the_digit(pocket_app: str, sessions: Sessions) -> None:
    """The address, opened in a browser without a past, shows the same view, changes and figures."""
    page = opened(sessions.page(), pocket_app, "?view=headlines")
    moved(page, KITS, 2.0)
    page.locator("[data-name='b.crews.on_duty'] input[type=text]").fill("0.5 to 0.9")
    page.locator("[data-name='b.crews.on_duty'] input[type=text]").press("Enter")
    page.evaluate("document.body.dataset.futures = ''")
    page.get_by_role("tab", name="Supply").click()
    refined(page, 128)
    other = opened(sessions.page(), page.url)
    refined(other, 128)
    assert strip(other) == strip(page)
    assert other.locator("#verdict").inner_text() == page.locator("#verdict").inner_text()
    assert other.locator("#changed").inner_text() == page.locator("#changed").inner_text()
    assert other.get_by_role("tab", selected=True).inner_text() == "Supply"
    assert other.locator("figure h3").all_inner_texts() == page.locator("figure h3").all_inner_texts()


@pytest.mark.parametrize(
    ("rest", "words"),
    [
        ("?with=9.9.9", "made with octoplan 9.9.9"),
        ("?of=0123456789abcdef", "made for another scenario"),
        ("?b.crews.on_duty=lots", "lots"),
        ("?b.no.such=1", "no assumption"),
        ("?d.kits.order=some", "cannot be read"),
    ],
)
def test_a_link_that_cannot_be_says_why(pocket_app: str, sessions: Sessions, rest: str, words: str) -> None:
    """A link of another version or scenario, or with a word that cannot be, is answered in words."""
    page = sessions.page()
    page.goto(pocket_app + rest)
    page.locator("#problems").wait_for()
    assert words in page.locator("#problems").inner_text()


def test_a_job_is_cancelled_at_once_and_anothers_goes_on(pocket_app: str, sessions: Sessions) -> None:
    """Two browsers each begin a large run; one cancels within a second, the other's is untouched and unseen by it."""
    one, two = (opened(sessions.page(), pocket_app, "?view=runs") for _ in range(2))
    for page in (one, two):
        page.get_by_label("Futures").fill("100000")
        page.get_by_role("button", name="Fly them").click()
        page.get_by_role("button", name="Cancel").wait_for()
    assert one.locator(".jobrow").count() == 1
    begun = time.monotonic()
    one.get_by_role("button", name="Cancel").click()
    one.get_by_text("run: cancelled").wait_for()
    assert time.monotonic() - begun < 1.0
    one.reload()
    one.get_by_text("run: cancelled").wait_for()
    assert "at work" in two.locator(".jobrow").inner_text()
    two.get_by_role("button", name="Cancel").click()
    two.get_by_text("run: cancelled").wait_for()


def test_a_result_survives_a_reload(pocket_app: str, sessions: Sessions) -> None:
    """A finished run is there again after the page was loaded anew, figures and all; a fresh browser has none."""
    page = opened(sessions.page(), pocket_app, "?view=runs")
    page.get_by_label("Futures").fill("200")
    page.get_by_role("button", name="Fly them").click()
    page.get_by_text("200 futures, 0 failed").wait_for()
    page.reload()
    page.get_by_text("200 futures, 0 failed").wait_for()
    assert page.locator("#view figure").count() > 5
    other = opened(sessions.page(), pocket_app, "?view=runs")
    refined(other)
    assert other.locator(".jobrow").count() == 0


def test_a_plan_shows_its_split(pocket_app: str, sessions: Sessions, tmp_path: Path) -> None:
    """A plan with a country's frontier ends with figures and decisions to save; one drags along the frontier."""
    with zipfile.ZipFile(tmp_path / "small.zip", "w") as archive:
        for name, text in FILES.items():
            archive.writestr(name, text)
    page = opened(sessions.page(), pocket_app)
    with page.expect_navigation():
        page.locator("#upload").set_input_files(tmp_path / "small.zip")
    page.locator("body[data-ready=yes]").wait_for()
    page.locator("#tab-plan").click()
    page.get_by_label("Futures").fill("6")
    page.get_by_label("Share of country").fill("here")
    page.get_by_role("button", name="Find a plan").click()
    share = page.get_by_label("Share made in here")
    share.wait_for(timeout=4 * 60_000)
    dragged(page, share)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save its decisions.toml").click()
    assert "[output]" in Path(download.value.path()).read_text("utf-8")


def dragged(page: Any, share: Any) -> None:
    """A drag across the frontier's chart takes the slider and its words with it, from end to end."""
    plot = page.locator("[data-name=frontier] .plot.drawn")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    said = set()
    for across, place in ((0.97, "max"), (0.1, "min")):
        page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 150)
        page.mouse.down()
        page.mouse.move(box["x"] + across * box["width"], box["y"] + 150, steps=4)
        page.mouse.up()
        assert share.input_value() == share.get_attribute(place)
        said.add(share.get_attribute("aria-valuetext"))
    assert len(said) == 2


def test_a_broken_workbook_shows_its_errors(pocket_app: str, sessions: Sessions, tmp_path: Path) -> None:
    """An uploaded workbook with two faults lists both with file and line; the page stays as it was."""
    book = openpyxl.load_workbook(io.BytesIO(folders.as_workbook(load("pocket").files)))
    book["assumptions.csv"]["B2"] = "plenty"
    book["assumptions.csv"]["I3"] = "blue"
    book.save(tmp_path / "broken.xlsx")
    page = opened(sessions.page(), pocket_app)
    page.locator("#upload").set_input_files(tmp_path / "broken.xlsx")
    page.locator("#problems").wait_for()
    said = page.locator("#problems").inner_text()
    assert "assumptions.csv:2" in said
    assert "assumptions.csv:3" in said
    assert "plenty" in said
    assert "blue" in said
    assert page.locator("#title").inner_text() == "Pocket"


def test_a_workbook_goes_out_and_comes_back(pocket_app: str, sessions: Sessions, tmp_path: Path) -> None:
    """A changed scenario, downloaded as a workbook and uploaded in another browser, gives the same headlines."""
    page = opened(sessions.page(), pocket_app)
    moved(page, KITS, 2.0)
    page.locator("#changed").get_by_text("kits.order").wait_for()
    refined(page, 128)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download (.xlsx)").click()
    path = tmp_path / "changed.xlsx"
    download.value.save_as(path)
    other = opened(sessions.page(), pocket_app)
    with other.expect_navigation():
        other.locator("#upload").set_input_files(path)
    other.locator("body[data-ready=yes]").wait_for()
    refined(other, 128)
    first, second = (
        [text.split("\n")[:3] for text in strip(each)] for each in (page, other)
    )  # fmt: skip
    assert first == second


def test_every_view_by_keys_alone(pocket_app: str, sessions: Sessions) -> None:
    """Tab reaches a slider and arrows move it; the skip link comes first; arrows walk the views."""
    page = opened(sessions.page(), pocket_app)
    refined(page)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.type") == "range":
            break
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.locator("#changed").get_by_text("take back").wait_for()
    assert "crews.intake" in page.locator("#changed").inner_text()
    page.locator("#tab-headlines").focus()
    seen = []
    for _ in VIEWS:
        seen.append(page.evaluate("document.activeElement.id").removeprefix("tab-"))
        page.keyboard.press("ArrowRight")
    assert tuple(seen) == VIEWS
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"


def test_a_day_is_replayed(pocket_app: str, sessions: Sessions) -> None:
    """The day's slider moves the map's count and the flow through the layers to that day."""
    page = opened(sessions.page(), pocket_app, "?view=defence")
    page.locator("#day").wait_for()
    page.locator("#day").evaluate("range => { range.value = 3; range.dispatchEvent(new Event('input')); }")
    page.locator(".days h3", has_text="2026-01-04").wait_for()
    assert page.locator(".day").inner_text().startswith("2026-01-04")


def test_a_move_flies_the_days_anew(pocket_app: str, sessions: Sessions) -> None:
    """With another plan the day's map and flow are those that its link shows in a fresh browser."""
    page = opened(sessions.page(), pocket_app, "?view=defence")
    before = on_the_thirteenth(page)
    moved(page, "[data-name='d.output.bench']", 0.0)
    page.locator(".days.stale").wait_for()
    page.locator(".days:not(.stale)").wait_for()
    page.locator(".days h3", has_text="2026-01-13").filter(has_not_text=before[1]).wait_for()
    after = on_the_thirteenth(page)
    assert after != before
    assert on_the_thirteenth(opened(sessions.page(), page.url)) == after


def on_the_thirteenth(page: Any) -> list[str]:
    """The line of the day, the title of its flow, and the counts of its map."""
    page.locator("#day").fill("12")
    flow = page.locator(".days h3", has_text="2026-01-13")
    flow.wait_for()
    return [page.locator(".days .day").inner_text(), flow.inner_text(), page.locator(".tiles").inner_text()]


def test_the_downloads_of_a_chart(pocket_app: str, sessions: Sessions) -> None:
    """A chart's CSV has its series, and its SVG is one."""
    page = opened(sessions.page(), pocket_app, "?view=supply")
    refined(page, 128)
    with page.expect_download() as table:
        page.get_by_role("button", name="CSV").first.click()
    assert Path(table.value.path()).read_text("utf-8").startswith("series,x,y\n")
    with page.expect_download() as picture:
        page.get_by_role("button", name="SVG").first.click()
    assert "<svg" in Path(picture.value.path()).read_text("utf-8")[:200]


def test_a_night_is_replayed_layer_by_layer(octopus_app: str, sessions: Sessions) -> None:
    """Before the first layer all that came still flies; the replay ends with what each layer stopped."""
    page = opened(sessions.page(reduced_motion="reduce"), octopus_app, "?view=defence")
    turn = page.get_by_label("Layers passed")
    turn.wait_for(timeout=SLOW)
    night = page.locator("figure[data-name=night]")
    launched = night.locator("h3").inner_text().split(" launched")[0].split()[-1].replace(",", "")
    turn.fill("0")
    night.get_by_text(f"still flying: {int(launched):,}").first.wait_for()
    page.get_by_role("button", name="Replay the night").click()
    night.get_by_text("reach a target: ").first.wait_for(timeout=SLOW)
    assert turn.input_value() == turn.get_attribute("max")


def test_print_leaves_the_controls_out(pocket_app: str, sessions: Sessions) -> None:
    """On paper stand the figures and their titles, and nothing to press."""
    page = opened(sessions.page(), pocket_app, "?view=supply")
    refined(page, 128)
    page.emulate_media(media="print")
    assert page.locator("figure h3").first.is_visible()
    for control in ("aside", ".tools", ".acts", "[role=tablist]", ".skip"):
        assert not page.locator(control).first.is_visible(), control


def test_the_csv_of_a_flow_a_map_and_a_band(pocket_app: str, sessions: Sessions) -> None:
    """A flow gives from, to and a number; a map a place and its value; a band its two ends, by name."""
    page = opened(sessions.page(), pocket_app, "?view=defence")
    refined(page, 128)
    page.locator("figure[data-name=night] .main-svg").first.wait_for(timeout=SLOW)
    rows = {}
    for button in page.get_by_role("button", name="CSV").all():
        with page.expect_download() as table:
            button.click()
        made = table.value
        rows[made.suggested_filename] = list(csv.reader(Path(made.path()).read_text("utf-8").splitlines()))
    head, *flows = rows["octoplan-night.csv"]
    assert head == ["from", "to", "number"]
    drones = int(flows[0][0].removeprefix("drone: "))
    assert sum(int(flow[2]) for flow in flows if flow[0].startswith("drone: ")) == drones > 0
    assert rows["octoplan-leakers.csv"][0] == ["where", "value"]
    assert rows["octoplan-leakers.csv"][1][0] == "town"
    ends = {row[1] for row in rows["octoplan-sorties.csv"]}
    assert {"sorties", "sorties, P10 to P90, upper end", "sorties, P10 to P90, lower end"} < ends
    assert not any(name.startswith("series ") for name in ends)


def test_axe_finds_nothing(octopus_app: str, sessions: Sessions) -> None:
    """No fault of WCAG 2.2, level A or AA, on any view with something changed; dark, none of the rules about colour."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = opened(sessions.page(), octopus_app, "?d.kits.order=x1.5")
    found = []
    for view in VIEWS:
        page.evaluate("document.body.dataset.futures = ''")
        page.locator(f"#tab-{view}").click()
        if view not in ("plan", "runs", "compare"):
            refined(page, 8)
            page.wait_for_timeout(400)
        if view == "log":
            page.get_by_label("Filter").fill("crews")  # rows are alike, and two hundred of them take axe long
        found += faults(axe, page, view, {"type": "tag", "values": TAGS})
        page.locator("#theme").click()
        found += faults(axe, page, f"{view}, dark", {"type": "rule", "values": COLOURS})
        page.locator("#theme").click()
    assert found == []


def faults(axe: Any, page: Any, where: str, rules: dict[str, Any]) -> list[str]:
    """What axe holds against the page as it stands."""
    return [
        f"{where}: {fault['id']}: {node['html'][:160]}"
        for fault in axe.run(page, options={"runOnly": rules}).response["violations"]
        for node in fault["nodes"][:3]
    ]


def test_a_dark_desktop_gets_a_dark_page(pocket_app: str, sessions: Sessions) -> None:
    """The page follows the desktop's choice of colours."""
    page = opened(sessions.page(color_scheme="dark"), pocket_app)
    assert page.locator("html").get_attribute("data-theme") == "dark"


@pytest.mark.parametrize("view", VIEWS)
def test_a_narrow_screen_does_not_scroll_sideways(octopus_app: str, sessions: Sessions, view: str) -> None:
    """At 390 pixels no view is wider than the screen."""
    page = opened(sessions.page(viewport={"width": 390, "height": 800}), octopus_app, f"?view={view}")
    if view not in ("plan", "runs", "compare"):
        refined(page, 8)
        page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_zip_bomb_is_refused(pocket_app: str, sessions: Sessions, tmp_path: Path) -> None:
    """A file that unpacks to far more than its size is refused in words."""
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("programme.toml", b"0" * 50_000_000)
    page = opened(sessions.page(), pocket_app)
    page.locator("#upload").set_input_files(tmp_path / "bomb.zip")
    page.locator("#problems").wait_for()
    assert "unpacks to 50,000,000 bytes" in page.locator("#problems").inner_text()
