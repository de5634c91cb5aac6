"""The server: whom it answers, what it sends, and that nothing is lost."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from octoplan.api import simulate
from octoplan.app.changes import changed, read
from octoplan.app.folders import packed
from octoplan.scenario import load
from tests.app.serving import served


class Client:
    """A browser without a window: keeps its cookie, asks one server."""

    def __init__(self, address: str) -> None:
        self.address, self.session = address, pytest.importorskip("requests").Session()

    def get(self, path: str, **options: Any) -> Any:
        return self.session.get(self.address + path.lstrip("/"), timeout=120, **options)

    def post(self, path: str, **options: Any) -> Any:
        return self.session.post(self.address + path.lstrip("/"), timeout=120, **options)


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with served("pocket") as address:
        yield Client(address)


def asked(client: Client, **body: object) -> list[dict[str, object]]:
    """Every line of an answer."""
    response = client.post("/api/answer", json={"view": "headlines", **body})
    assert response.status_code == 200, response.text
    return [json.loads(line) for line in response.text.splitlines()]


def test_the_policy_lets_nothing_in_from_outside(client: Client) -> None:
    """Every answer has a policy whose default is this server, and no page of ours names another."""
    for path in ("/", "/api/panels", "/static/app.js", "/nowhere"):
        policy = client.get(path).headers["content-security-policy"]
        assert policy.startswith("default-src 'self';")
        assert "http" not in policy
    page = client.get("/").text
    assert "http" not in page
    assert "onclick" not in page


def test_other_hosts_and_sites_are_refused(client: Client) -> None:
    """Another name of the machine, another origin and another site's fetch are refused."""
    assert client.get("/", headers={"host": "evil.example"}).status_code == 421
    assert client.post("/api/answer", json={}, headers={"origin": "http://evil.example"}).status_code == 403
    assert client.post("/api/jobs", json={}, headers={"sec-fetch-site": "cross-site"}).status_code == 403


def test_the_answer_is_the_runs(client: Client) -> None:
    """The last line's headlines are those of a run of as many futures, and the difference to itself is nil."""
    lines = asked(client, most=32)
    assert [line["futures"] for line in lines] == [2, 8, 32]
    table = simulate(load("pocket"), 32, 1).key_results()
    rows = {row["key"]: row for row in lines[-1]["rows"]}  # type: ignore[attr-defined]
    for key in ("kills", "damage", "spend"):
        assert rows[key]["after"]["p50"] == pytest.approx(table[key].interval.p50)
        assert rows[key]["difference"] == {"mean": 0.0, "half": 0.0, "futures": 32}


def test_a_difference_is_paired(client: Client) -> None:
    """The difference of a changed scenario is the mean of differences future by future, with its 95 % interval."""
    words = {"d.output.bench": "x0.2"}
    own, other = simulate(load("pocket"), 32, 1), simulate(changed(load("pocket"), read(words)), 32, 1)
    row = next(r for r in asked(client, most=32, changes=words)[-1]["heads"] if r["key"] == "damage")  # type: ignore[attr-defined]
    gone = (other.data["damage"] - own.data["damage"]).sum(("month", "region")).values
    assert row["difference"]["mean"] == pytest.approx(gone.mean())
    assert row["difference"]["half"] == pytest.approx(1.96 * gone.std(ddof=1) / 32**0.5)


@pytest.mark.parametrize("view", ["headlines", "raids", "supply", "defence", "money", "matters", "log"])
def test_every_view_has_what_it_shows(client: Client, view: str) -> None:
    """Each view answers with rows, figures or impacts, each figure with a title that says what is seen."""
    last = asked(client, view=view, most=32, changes={"d.kits.order": "4"})[-1]
    if view == "headlines":
        assert last["rows"]
    elif view == "log":
        assert isinstance(last["impacts"], dict)
    elif view != "matters":
        assert last["figures"]
        for figure in last["figures"]:  # type: ignore[attr-defined]
            assert len(figure["title"]) > 20
            assert figure["figure"]["data"]


def test_twenty_at_once_are_all_answered(client: Client) -> None:
    """Twenty requests at the same time, half of them with changes, all get their last line."""
    changes = [{} if i % 2 else {"d.output.bench": f"x{0.5 + i / 20}"} for i in range(20)]
    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(lambda each: asked(client, most=8, changes=each), changes))
    assert [lines[-1]["futures"] for lines in found] == [8] * 20
    assert found[1][-1]["heads"] == found[3][-1]["heads"]
    assert found[0][-1]["heads"] != found[2][-1]["heads"]


def test_bad_requests_are_answered_in_words(client: Client) -> None:
    """What is no JSON, no job, no zip or a broken change is a problem in words, never a traceback."""
    assert client.post("/api/answer", data=b"{").status_code == 400
    assert client.post("/api/answer", json=[]).json()["problems"] == ["the request holds no JSON object"]
    assert client.get("/api/jobs/none").status_code == 404
    assert client.post("/api/jobs", json={"kind": "format"}).status_code == 422
    assert client.post("/api/folder", data=b"x").status_code == 422
    assert client.post("/api/folder", data=b"0" * 5_000_001).status_code == 413
    wrong = client.post("/api/answer", json={"changes": {"b.crews.on_duty": "7"}})
    assert wrong.status_code == 422
    assert "assumptions.csv" in wrong.json()["problems"][0]


def test_a_day_is_the_kernels(client: Client) -> None:
    """One future day by day sums to that future's leakers."""
    told = client.post("/api/days", json={}).json()
    run = simulate(load("pocket"), 1, 1)
    assert sum(map(sum, told["leaked"])) == int(run.data["leaked"].sum())
    assert sum(told["launched"]) == int(run.data["launched"].sum())
    night = client.post("/api/night", json={"day": told["worst"]}).json()
    assert f"{max(told['launched'])} launched" in night["title"]


def test_sessions_are_apart(client: Client) -> None:
    """A scenario uploaded in one browser is there for it, and not for another."""
    brought = client.post("/api/folder", data=packed("x", load("octopus").files)).json()["hash"]
    assert client.get(f"/api/panels?of={brought}").json()["title"] == "Octopus"
    assert Client(client.address).get(f"/api/panels?of={brought}").status_code == 409


def test_a_job_says_what_it_flew_and_how_long(client: Client) -> None:
    """A finished job keeps its seconds, its scenario and its changes, whatever its page shows by then."""
    changed = {"d.kits.order": "x2"}
    asked_for = {"kind": "run", "options": {"futures": 4}, "changes": changed}
    name = client.post("/api/jobs", json=asked_for).json()["id"]
    while (told := client.get(f"/api/jobs/{name}").json())["state"] == "at work":
        time.sleep(0.1)
    assert told["state"] == "done"
    assert (told["of"], told["changes"]) == (load("pocket").hash, changed)
    time.sleep(2.0)
    assert client.get(f"/api/jobs/{name}").json()["seconds"] == told["seconds"]
