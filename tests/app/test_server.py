"""The server: its responses to valid requests, and refusals of invalid ones with a reason and a status of 4xx."""

import io
import json
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import openpyxl
import pytest

from octoplan.answer.answer import answer_of
from octoplan.answer.totals import KEPT, Totals, totals
from octoplan.app.answers import complete_answer
from octoplan.app.changes import apply_changes, read_changes
from octoplan.app.folders import zip_archive
from octoplan.app.jobs import Job, Jobs
from octoplan.app.work import main
from octoplan.errors import JobError
from octoplan.outcomes.measures import key_results
from octoplan.outcomes.run import Run
from octoplan.outcomes.run_results import RunResults
from octoplan.outcomes.simulate import simulate
from octoplan.scenario import load
from octoplan.scenario.workbook.writing import write_workbook
from tests.app.serving import PATIENCE, served, wait_for_result

VIEWS = ["results", "raids", "supply", "defence", "money", "sensitivity", "log"]


class Client:
    """A client of one server that keeps its cookie, as a browser does."""

    def __init__(self, address: str) -> None:
        self.address, self.session = address, pytest.importorskip("requests").Session()

    def get(self, path: str, **options: Any) -> Any:
        return self.session.get(self.address + path.lstrip("/"), timeout=PATIENCE, **options)

    def post(self, path: str, **options: Any) -> Any:
        return self.session.post(self.address + path.lstrip("/"), timeout=PATIENCE, **options)


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with served("pocket") as address:
        yield Client(address)


def answers(client: Client, **body: object) -> list[dict[str, Any]]:
    """All lines of the response to a request for results."""
    response = client.post("/api/answer", json={"view": "results", **body})
    assert response.status_code == 200, response.text
    return [json.loads(line) for line in response.text.splitlines()]


def test_the_page_loads_nothing_from_other_sites(client: Client) -> None:
    """Every response has a content security policy that permits this server only, and no page names another server."""
    for path in ("/", "/api/panels", "/static/app.js", "/nowhere"):
        policy = client.get(path).headers["content-security-policy"]
        assert policy.startswith("default-src 'self';")
        assert "http" not in policy
    page = client.get("/").text
    assert "http" not in page
    assert "onclick" not in page


def test_other_hosts_and_sites_are_refused(client: Client) -> None:
    """Requests with another host name, from another origin or from another site are refused."""
    assert client.get("/", headers={"host": "evil.example"}).status_code == 421
    assert client.post("/api/answer", json={}, headers={"origin": "http://evil.example"}).status_code == 403
    assert client.post("/api/jobs", json={}, headers={"sec-fetch-site": "cross-site"}).status_code == 403


def test_the_answer_equals_a_run(client: Client) -> None:
    """The last line has the key results of a run of the same number of futures; the baseline shows no change."""
    lines = answers(client, most=32)
    assert [line["futures"] for line in lines] == [2, 4, 8, 16, 32]
    assert {line["settled"] for line in lines} == {16}
    assert [line["futures"] for line in lines if "results" in line] == [16, 32]
    assert {json.dumps(line["effects"]) for line in lines} == {"[]"}
    results = key_results(simulate(load("pocket"), 32, 1))
    rows = {row["key"]: row for row in lines[-1]["results"]}
    for key in ("kills", "damage", "spend"):
        assert rows[key]["value"]["p50"] == pytest.approx(results[key].interval.p50, rel=1e-12)
        assert rows[key]["change"] == {"mean": 0.0, "half": 0.0, "futures": 32}


def test_the_complete_answer_follows_the_results(client: Client) -> None:
    """The sentences on results come with each settled line; the complete answer, if asked for, is the last line."""
    texts = {"d.kits.order": "x2"}
    *lines, last = answers(client, most=32, changes=texts, answer=True)
    settled = [line for line in lines if "sentences" in line]
    assert [line["futures"] for line in settled] == [16, 32]
    assert [set(line["sentences"]) for line in settled] == [{"makes", "stops", "worth"}] * 2
    run = simulate(apply_changes(load("pocket"), read_changes(texts)), 32, 1)
    assert last == complete_answer(answer_of(RunResults(run)))
    assert last["answer"].items() > settled[-1]["sentences"].items()
    assert "futures" in answers(client, most=2, answer=True)[-1]


def test_a_change_is_paired(client: Client) -> None:
    """The change of a measure is the mean of the differences by future, with its 95 % CI."""
    texts = {"d.output.bench": "x0.2"}
    baseline, run = simulate(load("pocket"), 32, 1), simulate(apply_changes(load("pocket"), read_changes(texts)), 32, 1)
    row = next(r for r in answers(client, most=32, changes=texts)[-1]["top_results"] if r["key"] == "damage/avoided")
    difference = (run.data["damage"] - baseline.data["damage"]).sum(("month", "region")).values
    assert row["change"]["mean"] == pytest.approx(-difference.mean(), rel=1e-9)
    student_t = 2.039513446  # 97.5 % quantile, 31 degrees of freedom
    assert row["change"]["half"] == pytest.approx(student_t * difference.std(ddof=1) / 32**0.5, rel=1e-9)


def test_effects_begin_with_the_first_futures(client: Client) -> None:
    """Every line has the effects of the changes; those of few futures are those of the first ones of the longer run."""
    texts = {"d.output.bench": "x0.2"}
    lines = answers(client, most=32, changes=texts)
    baseline = totals_of(simulate(load("pocket"), 32, 1))
    changed = totals_of(simulate(apply_changes(load("pocket"), read_changes(texts)), 32, 1))
    for line in lines:
        rows = {row["key"]: row for row in line["effects"]}
        for key, difference in (
            ("leakers", changed.leakers - baseline.leakers), ("made", changed.units - baseline.units),
            ("spend", changed.spend - baseline.spend),
            ("loss", changed.damage + changed.spend - baseline.damage - baseline.spend),
        ):  # fmt: skip
            mean = difference[: line["futures"]].mean()
            assert rows[key]["change"]["mean"] == pytest.approx(mean, rel=1e-9)
            assert rows[key]["change"]["futures"] == line["futures"] == line["levels"]


def totals_of(run: Run) -> Totals:
    """Totals of each future of a run."""
    return totals(run.compiled, run.assumptions.values, {name: run.data[name].values for name in KEPT})


def test_an_effect_and_a_result_have_one_value(client: Client) -> None:
    """The effects on leakers, units and cost are the changes of the results of the same names."""
    last = answers(client, most=32, changes={"d.crews.intake": "5, 5, 5", "d.output.bench": "x0.2"})[-1]
    rows = {row["key"]: row["change"] for row in last["results"]}
    effects = {row["key"]: row["change"] for row in last["effects"]}
    assert effects["made"]["half"] >= 0.0
    for key, result, direction in (("leakers", "leakers", 1), ("made", "made", 1), ("spend", "spend", 1)):
        assert effects[key]["mean"] == pytest.approx(direction * rows[result]["mean"], rel=1e-9)
        assert effects[key]["half"] == pytest.approx(rows[result]["half"], rel=1e-9)


def test_results_over_fewer_futures_than_shown_are_not_sent(client: Client) -> None:
    """While the page holds results over more futures, lines over fewer have only the effects."""
    lines = answers(client, held=128, changes={"d.output.bench": "x0.4"})
    assert [line["futures"] for line in lines if "results" in line] == [128]
    assert [len(line["effects"]) for line in lines] == [4] * len(lines)


def test_all_views_speak_of_the_same_futures(client: Client) -> None:
    """The view of the sensitivities is over more futures; its top results and sentences are those of other views."""
    texts = {"d.output.bench": "x0.4"}
    supply, sensitivity = (
        answers(client, view=view, held=128, changes=texts, answer=True) for view in ("supply", "sensitivity")
    )
    assert [supply[-2]["futures"], sensitivity[-2]["futures"]] == [128, 512]
    for key in ("top_results", "sentences", "effects", "levels", "rests_on"):
        assert supply[-2][key] == sensitivity[-2][key]
    assert supply[-1] == sensitivity[-1]


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_has_its_content(client: Client, view: str) -> None:
    """Each view has rows, charts or impacts; each chart has a title that states a result."""
    last = answers(client, view=view, most=32, changes={"d.kits.order": "4"})[-1]
    if view == "results":
        assert len(last["results"]) > 20
    elif view == "log":
        assert isinstance(last["impacts"], dict)
    elif view == "sensitivity":
        assert isinstance(last["switching_values"], list)
    else:
        assert last["charts"]
        for chart in last["charts"]:
            assert len(chart["title"]) > 20
            assert chart["figure"]["data"]


def test_twenty_requests_at_once_are_all_answered(client: Client) -> None:
    """Twenty simultaneous requests, half of them with changes, all receive their last line."""
    changes = [{} if i % 2 else {"d.output.bench": f"x{0.5 + i / 20}"} for i in range(20)]
    with ThreadPoolExecutor(20) as pool:
        lines = list(pool.map(lambda texts: answers(client, most=16, changes=texts)[-1], changes))
    assert [line["futures"] for line in lines] == [16] * 20
    assert lines[1]["top_results"] == lines[3]["top_results"]
    assert lines[0]["top_results"] != lines[2]["top_results"]


def test_changes_asked_for_next_do_not_alter_the_answer(client: Client) -> None:
    """Changes simulated in advance have the same first answer; invalid ones are left out."""
    texts = {"d.crews.intake": "7, 7, 7"}
    plain = answers(client, most=2, changes=texts)
    lines = answers(client, most=16, next=[{"d.crews.intake": "8, 8, 8"}, {"d.crews.intake": "none"}, {"x.y": "1"}])
    assert [line["futures"] for line in lines] == [2, 4, 8, 16]
    ahead = answers(client, most=2, changes={"d.crews.intake": "8, 8, 8"})[0]
    assert (
        ahead["effects"] == answers(Client(client.address), most=2, changes={"d.crews.intake": "8,8,8"})[0]["effects"]
    )
    assert plain == answers(client, most=2, changes=texts)
    assert_refused(client.post("/api/answer", json={"next": [{}] * 9}), "next")


INTEGER_BEYOND_FLOATS = "9" * 400
"""An integer that is too large for a floating-point number, as text."""
BODIES = [
    b"", b"{", b"null", b"[]", b'"text"', b"5", b"\xff\xfe{}", b"[" * 100_000, b'{"changes":' * 50_000,
    b'{"view": "results", "view": "log"}', b'{"most": NaN}', b'{"most": 1e999}', b'{"of": "\\ud800"}',
    b'{"changes": {"\\ud800": "1"}}', b'{"changes": {"a.crews.initial": "\\udfff"}}', b'{"most": %s}' % (b"9" * 5_000),
    b'{"a": 1}', b" " * 1_000_001,
]  # fmt: skip
NUMBERS = [True, False, "5", -1, 3e7, 1e308, -1e308, int(INTEGER_BEYOND_FLOATS), [], {}, [5], "nan", "x"]


@pytest.mark.parametrize("path", ["/api/answer", "/api/days", "/api/night", "/api/jobs"])
@pytest.mark.parametrize("body", BODIES, ids=lambda body: body[:12].decode("latin-1"))
def test_an_invalid_body_is_refused(client: Client, path: str, body: bytes) -> None:
    """Invalid or deeply nested JSON, duplicate keys and unknown fields are refused with a reason and status 4xx."""
    assert_refused(client.post(path, data=body))


def assert_refused(response: Any, *messages: str) -> None:
    """Assert that a response has a status of 4xx and problems that contain the messages."""
    assert 400 <= response.status_code < 500, response.text[:500]
    problems = response.json()["problems"]
    assert problems
    assert all(problems)
    for word in messages:
        assert word in "\n".join(problems)


def plan_case(goals: object, *messages: str) -> tuple[str, object, tuple[str, ...]]:
    """A request for a plan with goals that are refused, and words of the messages."""
    return "/api/jobs", {"kind": "plan", "options": {"goals": goals}}, messages


@pytest.mark.parametrize("number", NUMBERS, ids=repr)
@pytest.mark.parametrize(
    ("path", "field"), [("/api/answer", "most"), ("/api/night", "day"), ("plan", "futures"), ("plan", "unseen"),
                        ("run", "futures")]
)  # fmt: skip
def test_an_invalid_number_is_refused(client: Client, path: str, field: str, number: object) -> None:
    """Every numeric field refuses other types and numbers beyond its limits, and the message names the field."""
    if path.startswith("/"):
        assert_refused(client.post(path, json={field: number}), field)
    else:
        assert_refused(client.post("/api/jobs", json={"kind": path, "options": {field: number}}), field)


@pytest.mark.parametrize(
    ("path", "body", "messages"),
    [
        ("/api/answer", {"view": "format"}, ("view", "'format'", "results")),
        ("/api/answer", {"view": 5}, ("view",)),
        ("/api/answer", {"viw": "log"}, ("viw is not a field", "'view'")),
        ("/api/answer", {"of": 5}, ("of", "expected text")),
        ("/api/answer", {"of": "0123456789abcdef"}, ("made for another scenario",)),
        ("/api/answer", {"with": "9.9.9"}, ("made with octoplan 9.9.9",)),
        ("/api/answer", {"changes": []}, ("changes", "expected an object")),
        ("/api/answer", {"changes": {"a.crews.initial": 5}}, ("changes.a.crews.initial", "expected text")),
        ("/api/answer", {"changes": {"crews.initial": "5", "b.crews.initial": "5"}}, ("'b.crews.initial'",)),
        ("/api/answer", {"changes": {"a.crews.on_duty": "7"}}, ("assumptions.csv:", "outside")),
        ("/api/answer", {"changes": {"d.kits.order": "some"}}, ("'some' cannot be read",)),
        ("/api/days", {"changes": {"d.kits.order": "nan"}}, ("'nan'",)),
        ("/api/night", {"day": 30_000}, ("day: 30000",)),
        ("/api/jobs", {}, ("kind is missing",)),
        ("/api/jobs", {"kind": "format"}, ("'format'", "'plan' or 'run'")),
        ("/api/jobs", {"kind": "run", "options": []}, ("options",)),
        ("/api/jobs", {"kind": "run", "options": {"target": 5}}, ("target is not a field", "futures")),
        plan_case({"target": 5.0, "by": "2031-01"}, "there is no month '2031-01'", "2026-01"),
        plan_case({"by": "2026-01"}, "add a target"),
        plan_case({"target": 0.0}, "goals.target", "above 0"),
        plan_case({"target": 1e300}, "goals.target", "at most 10,000,000"),
        plan_case({"target": "many"}, "goals.target", "expected a number"),
        plan_case({"confidence": 1.5}, "goals.confidence", "at most 1"),
        plan_case({"confidence": 0.9}, "no effect without a target"),
        plan_case({"stopped": 0}, "goals.stopped", "above 0"),
        plan_case({"objective": "most"}, "goals.objective", "least-cost"),
        plan_case({"objective": "most-stopped"}, "needs a budget"),
        plan_case({"budget": {"pirates": 5.0}}, "there is no payer 'pirates'", "treasury"),
        plan_case({"budget": {"treasury": -1.0}}, "goals.budget.treasury", "at least 0"),
        plan_case({"share": {"atlantis": [0.0, 1.0]}}, "there is no country 'atlantis'", "home"),
        plan_case({"share": {"home": [0.9, 0.1]}}, "between 0.9 and 0.1", "low <= high"),
        plan_case({"share": {"home": [0.5]}}, "goals.share.home"),
        plan_case({"most": {"smithy": 5.0}}, "there is no plant 'smithy'", "bench"),
        plan_case({"fixed": ["crews", "kit"]}, "'kit' is not a decision that can be fixed"),
        plan_case({"reach": "x"}, "goals.reach is not a field"),
        ("/api/jobs", {"kind": "plan", "options": {"frontier": "../etc"}}, ("frontier: '../etc'",)),
    ],
)
def test_an_invalid_field_is_named(client: Client, path: str, body: object, messages: tuple[str, ...]) -> None:
    """The message for an invalid field has its name, its value and the value expected."""
    assert_refused(client.post(path, json=body), *messages)


def test_every_invalid_field_is_named(client: Client) -> None:
    """Two invalid fields give two problems."""
    assert len(client.post("/api/answer", json={"most": "5", "view": "x"}).json()["problems"]) == 2


def test_unknown_addresses_are_refused(client: Client) -> None:
    """Unknown paths, methods, jobs, scenarios and formats are refused with a reason."""
    assert_refused(client.get("/nowhere"), "there is nothing at '/nowhere'")
    assert_refused(client.get("/api/answer"), "does not accept GET")
    assert_refused(client.get("/static/../../pyproject.toml"))
    assert_refused(client.get("/api/jobs/none"), "no such job")
    assert_refused(client.get("/api/jobs/none/result"), "no such job")
    assert_refused(client.get("/api/panels?of=ffff"), "made for another scenario")
    assert_refused(client.get("/api/folder?as=exe"), "'exe' is not a format")
    assert_refused(client.get("/api/folder?a.no.such=1"), "no assumption 'no.such'")


@pytest.mark.parametrize(
    "data", [b"", b"x", b"PK\5\6" + b"\0" * 18, b"0" * 5_000_001, zip_archive("x", {"programme.toml": b"title = 1"})]
)
def test_an_invalid_upload_is_refused(client: Client, data: bytes) -> None:
    """An upload that is not a scenario folder is refused with a reason."""
    assert_refused(client.post("/api/folder", data=data))


def damaged(kind: str, seed: int) -> bytes:
    """A zip archive or a workbook of pocket with bytes changed at random, in the file or in one of its members."""
    files, random = load("pocket").files, Random(seed)
    data = bytearray(zip_archive("x", files) if kind == "zip" else write_workbook(files))
    if seed % 2:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {name: bytearray(archive.read(name)) for name in archive.namelist()}
        member = members[random.choice(sorted(members))]
        for _ in range(random.randint(1, 5)):
            member[random.randrange(len(member))] = random.choice(b'<>"&0aZ /,\n')
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                archive.writestr(name, bytes(content))
        return out.getvalue()
    for _ in range(random.randint(1, 6)):
        data[random.randrange(len(data))] = random.randrange(256)
    return bytes(data)


@pytest.mark.parametrize("kind", ["zip", "xlsx"])
def test_a_damaged_upload_is_loaded_or_refused(client: Client, kind: str) -> None:
    """Whatever bytes a file has, it is loaded, and its panels can be shown, or it is refused with a reason."""
    outcomes = set()
    for seed in range(40):
        response = client.post("/api/folder", data=damaged(kind, seed))
        outcomes.add(response.status_code)
        if response.status_code == 200:
            assert client.get("/api/panels?of=" + response.json()["hash"]).status_code == 200, seed
        else:
            assert_refused(response)
    assert 422 in outcomes
    assert outcomes <= {200, 422}


def test_an_upload_says_what_was_loaded(client: Client) -> None:
    """The panels of an upload have its summary and what differs; those of the scenario of the page have none."""
    changed = apply_changes(load("pocket"), read_changes({"d.kits.order": "7"}))
    uploaded = client.post("/api/folder", data=zip_archive("x", changed.files)).json()["hash"]
    upload = client.get("/api/panels?of=" + uploaded).json()["upload"]
    assert upload["loaded"].startswith("Pocket: 2026-01 to 2026-03, 1 plant, 1 region, ")
    assert upload["differences"] == [
        {"text": "decision “Kits ordered each month”: 0 → 7", "name": "decisions.toml: kits.order"}
    ]
    assert client.get("/api/panels").json()["upload"] is None


def test_a_workbook_that_cannot_hold_the_scenario_is_refused(client: Client) -> None:
    """A cell that exceeds the limit of a workbook is refused at download; the zip archive is not."""
    values = "; ".join(f"{20 + i / 10_000:.4f}" for i in range(4_600))
    files = dict(load("pocket").files)
    files["assumptions.csv"] = files["assumptions.csv"].replace(
        b"crews.initial,20,,,fixed", f"crews.initial,{values},,,empirical".encode()
    )
    uploaded = client.post("/api/folder", data=zip_archive("x", files)).json()["hash"]
    assert_refused(client.get(f"/api/folder?of={uploaded}&as=xlsx"), "crews.initial, column value,", "32,767")
    assert client.get(f"/api/folder?of={uploaded}").status_code == 200


def test_warnings_about_an_upload_are_listed(client: Client) -> None:
    """Warnings about how a workbook was read are listed by sheet; those about an archive by file."""
    book = openpyxl.load_workbook(io.BytesIO(write_workbook(load("pocket").files)))
    book["sources"].sheet_state = "hidden"
    out = io.BytesIO()
    book.save(out)
    uploaded = client.post("/api/folder", data=out.getvalue()).json()["hash"]
    assert uploaded == load("pocket").hash
    assert client.get(f"/api/panels?of={uploaded}").json()["warnings"] == ["sources: the sheet is hidden; it was read"]
    archive = zip_archive("x", {**load("pocket").files, "README.md": b"# Pocket\n"})
    uploaded = client.post("/api/folder", data=archive).json()["hash"]
    assert client.get(f"/api/panels?of={uploaded}").json()["warnings"] == [
        "README.md: is not part of a scenario; it was not read"
    ]


def test_a_workbook_without_decisions_gives_its_errors(client: Client) -> None:
    """A workbook without the sheet of decisions is refused with status 422 and the name of the sheet."""
    book = openpyxl.load_workbook(io.BytesIO(write_workbook(load("pocket").files)))
    del book["decisions"]
    book["output"]["B4"] = "plenty"
    out = io.BytesIO()
    book.save(out)
    assert_refused(client.post("/api/folder", data=out.getvalue()), "decisions: the sheet is missing", "output!B4")


def test_daily_data_equal_the_run(client: Client) -> None:
    """Daily leakers and threats of one future sum to those of the run."""
    days = client.post("/api/days", json={}).json()
    run = simulate(load("pocket"), 1, 1)
    assert sum(map(sum, days["leaked"])) == int(run.data["leaked"].sum())
    assert sum(days["launched"]) == int(run.data["launched"].sum())
    night = client.post("/api/night", json={"day": days["largest_raid"]}).json()
    assert f"{max(days['launched'])} launched" in night["title"]


def test_a_byte_order_mark_in_decisions_is_accepted(client: Client) -> None:
    """A decision can be changed if ``decisions.toml`` begins with a byte order mark."""
    files = dict(load("pocket").files)
    files["decisions.toml"] = b"\xef\xbb\xbf" + files["decisions.toml"]
    uploaded = client.post("/api/folder", data=zip_archive("x", files)).json()["hash"]
    assert answers(client, of=uploaded, most=2, changes={"d.crews.intake": "5, 5, 5"})[-1]["futures"] == 2


def test_sessions_do_not_see_each_other(client: Client) -> None:
    """A scenario uploaded in one browser is available in that browser only."""
    uploaded = client.post("/api/folder", data=zip_archive("x", load("octopus").files)).json()["hash"]
    assert client.get(f"/api/panels?of={uploaded}").json()["title"] == "Octopus"
    assert Client(client.address).get(f"/api/panels?of={uploaded}").status_code == 409


def final_status(client: Client, name: str) -> dict[str, Any]:
    """The status of a job once it has ended."""

    def probe() -> dict[str, Any] | None:
        status: dict[str, Any] = client.get(f"/api/jobs/{name}").json()
        return None if status["state"] == "running" else status

    return wait_for_result(probe)


def test_a_finished_job_keeps_its_subject_and_duration(client: Client) -> None:
    """A finished job keeps its scenario, changes and duration."""
    changes = {"d.kits.order": "x2"}
    request = {"kind": "run", "options": {"futures": 4}, "changes": changes}
    name = client.post("/api/jobs", json=request).json()["id"]
    status = final_status(client, name)
    assert status["state"] == "done", status
    assert (status["of"], status["changes"]) == (load("pocket").hash, changes)
    assert client.get(f"/api/jobs/{name}").json() == status
    assert "4 futures, 0 failed" in client.get(f"/api/jobs/{name}/result").json()["lines"]


def job_folder(tmp_path: Path, options: dict[str, Any]) -> Path:
    """A folder of a job, as the server writes it."""
    (tmp_path / "scenario").mkdir()
    for name, content in load("pocket").files.items():
        (tmp_path / "scenario" / name).write_bytes(content)
    (tmp_path / "options.json").write_text(json.dumps(options), "utf-8")
    return tmp_path


def test_a_failed_job_reports_the_reason(tmp_path: Path) -> None:
    """A problem of the scenario is reported with its file and without a traceback."""
    folder = job_folder(tmp_path, {"kind": "run", "futures": 2})
    (folder / "scenario" / "sources.csv").unlink()
    assert main(folder) == 2
    assert "sources.csv" in json.loads((folder / "problems.json").read_text("utf-8"))[0]


def test_an_internal_error_of_a_job_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An internal error is reported as one sentence; the traceback is in the log only."""
    folder = job_folder(tmp_path, {"kind": "run", "futures": "many"})
    assert main(folder) == 1
    [problem] = json.loads((folder / "problems.json").read_text("utf-8"))
    assert problem.startswith("octoplan failed (")
    assert "Traceback" not in problem
    assert "Traceback" in capsys.readouterr().err


def test_a_killed_job_is_reported_as_failed(tmp_path: Path) -> None:
    """A job whose process is killed is failed, with a message."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    job = Job("x", "run", {}, tmp_path, process)
    assert job.status()["state"] == "running"
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=PATIENCE)
    status = job.status()
    assert status["state"] == "failed"
    assert "it was killed" in status["problems"][0]


def test_a_third_job_is_refused() -> None:
    """A session may have two running jobs; they are cancelled when the server stops."""
    jobs = Jobs()
    try:
        started = [jobs.start("s", load("pocket"), "run", {"futures": 100_000}, {}) for _ in range(2)]
        with pytest.raises(JobError, match="2 jobs are running"):
            jobs.start("s", load("pocket"), "run", {"futures": 2}, {})
    finally:
        jobs.close()
    assert [job.status()["state"] for job in started] == ["cancelled", "cancelled"]
