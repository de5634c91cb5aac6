"""The web server of the page. It listens on 127.0.0.1 by default and makes no requests to other servers."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import plotly
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from octoplan.app import changes, folders, panels
from octoplan.app.answers import Sample, answer, chart_data, daily_map, effects_of_changes
from octoplan.app.differences import upload_summary
from octoplan.app.engine import (
    EFFECT_FUTURES,
    FIRST_FUTURES,
    FUTURES_OF_SENSITIVITIES,
    LEVEL_FUTURES,
    SETTLED_FUTURES,
    Engine,
    Superseded,
    trim,
)
from octoplan.app.guard import Guard
from octoplan.app.jobs import Job, Jobs
from octoplan.app.plan_form import plan_form
from octoplan.app.presets import presets
from octoplan.app.requests import (
    DayRequest,
    JobRequest,
    ScenarioRequest,
    ViewRequest,
    body_bytes,
    job_options,
    read_body,
)
from octoplan.app.views import VIEWS_WITH_MORE_FUTURES, CaptionedChart
from octoplan.errors import FolderError, OctoplanError, RequestError, ScenarioError
from octoplan.scenario import Scenario
from octoplan.scenario.archives import MAX_ARCHIVE_BYTES
from octoplan.scenario.arrays import Ints
from octoplan.scenario.workbook.writing import write_workbook
from octoplan.show.answer import PARAGRAPHS
from octoplan.show.glossary import glossary
from octoplan.show.html import CHART_FIT_FILE
from octoplan.show.threat_flow import threat_flow_on_day

STATIC_FOLDER = Path(__file__).parent / "static"
PLOTLY_FILE = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
NIGHT_NOTE = "Counts for one day of one future; other futures differ."
MEDIA_TYPES = {"zip": "application/zip", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
MAX_UPLOADS = 8
"""Maximum number of uploaded scenarios per session."""
MAX_SESSIONS = 64
"""Maximum number of sessions with uploads."""

T = TypeVar("T")


class Page:
    """Request handlers and their shared state: baseline scenario, uploads by session, simulations and jobs."""

    def __init__(self, scenario: Scenario, name: str, threads: int) -> None:
        self.scenario, self.name = scenario, name
        self.pool = ThreadPoolExecutor(threads)
        self.requests = ThreadPoolExecutor(4)
        self.answers = ThreadPoolExecutor(1)
        self.engine, self.jobs = Engine(self.pool), Jobs()
        self.uploads: dict[str, dict[str, Scenario]] = {}

    def find_upload(self, request: Request, hash_prefix: str | None) -> Scenario:
        """The scenario whose hash begins with ``hash_prefix``; the scenario served if no prefix is given.

        Raises:
            RequestError: The session has no such scenario.

        """
        uploads = self.uploads.get(request.state.session, {}) if hash_prefix else {}
        for key, upload in uploads.items():
            if hash_prefix and key.startswith(hash_prefix):
                return upload
        if not hash_prefix or self.scenario.hash.startswith(hash_prefix):
            return self.scenario
        raise RequestError(
            409,
            f"the link was made for another scenario ({hash_prefix[:12]}); this page shows {self.name} "
            f"({self.scenario.hash[:12]}). Upload that scenario, or remove 'of' from the link to start from this one",
        )

    def scenarios(self, request: Request, body: ScenarioRequest) -> tuple[Scenario, Scenario]:
        """The baseline of a request, and the changed scenario. Raises RequestError if they are not available."""
        if body.version and body.version != version("octoplan"):
            raise RequestError(
                409,
                f"the link was made with octoplan {body.version[:40]}, this is {version('octoplan')}: "
                "numbers may differ. Remove 'with' from the link to use it nevertheless",
            )
        baseline = self.find_upload(request, body.of)
        return baseline, changes.apply_changes(baseline, changes.read_changes(body.changes))

    async def run_in_thread(self, function: Callable[[], T], pool: ThreadPoolExecutor | None = None) -> T:
        """Run a function on a thread of a pool, by default that of the requests, without blocking the server."""
        return await asyncio.get_running_loop().run_in_executor(pool or self.requests, function)

    async def index(self, _: Request) -> Response:
        """The page as HTML."""
        return FileResponse(STATIC_FOLDER / "index.html", headers={"Cache-Control": "no-cache"})

    async def plotly(self, _: Request) -> Response:
        """The charting library plotly as JavaScript."""
        return FileResponse(PLOTLY_FILE, headers={"Cache-Control": "max-age=86400"})

    async def chart_fit(self, _: Request) -> Response:
        """The script that fits charts to narrow screens, which the page has in common with reports."""
        return FileResponse(CHART_FIT_FILE)

    async def panels(self, request: Request) -> Response:
        """The decisions and assumptions of a scenario, for the panels."""
        scenario = self.find_upload(request, request.query_params.get("of"))
        return JSONResponse({
            "title": scenario.title, "name": self.name, "hash": scenario.hash, "version": version("octoplan"),
            "months": list(scenario.names.months), "currency": scenario.currency, "countries": scenario.names.countries,
            "decisions": panels.decisions(scenario), "plan": plan_form(scenario),
            "glossary": [asdict(term) for term in glossary()],
            "presets": [asdict(preset) for preset in presets(scenario)],
            "paragraphs": PARAGRAPHS, "assumptions": panels.assumptions(scenario),
            "max_upload": MAX_ARCHIVE_BYTES, "warnings": list(map(str, scenario.warnings)),
            "upload": None if scenario is self.scenario else upload_summary(scenario, self.scenario),
        })  # fmt: skip

    async def answer(self, request: Request) -> Response:
        """Results for a change as a stream of JSON lines, each over more futures than the line before."""
        body = await read_body(request, ViewRequest)
        baseline, changed_scenario = await self.run_in_thread(lambda: self.scenarios(request, body))
        return StreamingResponse(self.answer_lines(baseline, changed_scenario, body), media_type="text/plain")

    async def answer_lines(
        self, baseline: Scenario, changed_scenario: Scenario, body: ViewRequest
    ) -> AsyncIterator[str]:  # fmt: skip
        """Yield results for each number of futures and, if asked for, the complete answer of the largest.

        Every line has the effects of the changes; lines over fewer futures than the page shows have no more, so that no
        figure on the page changes because it is over fewer futures. The complete answers of all sessions are computed
        one after the other. If the simulation fails, the last line has the problems.
        """
        halt = np.zeros(1, np.int64)
        settled, sizes = numbers_of_futures(body.view, body.most)
        most_levels = min(sizes[-1], LEVEL_FUTURES)
        with_results = {size for size in (*sizes[-1:], SETTLED_FUTURES, LEVEL_FUTURES) if size >= body.held}

        def samples(futures: int) -> tuple[Sample, Sample]:
            pair = self.engine.sample(baseline, futures, halt), self.engine.sample(changed_scenario, futures, halt)
            if halt[0]:
                raise Superseded
            return pair

        def answer_line(futures: int) -> str:
            pair, of_levels = samples(futures), samples(min(futures, LEVEL_FUTURES))
            content = effects_of_changes(*of_levels)
            if futures in with_results and futures > FIRST_FUTURES:
                content |= answer(*of_levels, body.view, pair)
            numbers = {"futures": futures, "settled": settled, "most": sizes[-1], "most_levels": most_levels}
            return json.dumps({**content, **numbers}, allow_nan=False)

        try:
            for futures in sizes:
                yield await self.run_in_thread(partial(answer_line, futures)) + "\n"
                if futures == settled:
                    await self.run_in_thread(partial(self.simulate_next, baseline, body.next, halt))
            if body.answer and sizes[-1] > FIRST_FUTURES:
                complete = partial(self.engine.answer, changed_scenario, most_levels, halt)
                yield json.dumps(await self.run_in_thread(complete, self.answers), allow_nan=False) + "\n"
        except Superseded:
            return
        except OctoplanError as error:
            yield json.dumps({"problems": problems_of(error)}) + "\n"
        finally:
            halt[0] = 1

    def simulate_next(self, baseline: Scenario, next_changes: list[dict[str, str]], halt: Ints) -> None:
        """Simulate the first futures of changes that are likely to be asked for next; invalid changes are left out."""
        for texts in next_changes:
            with suppress(ScenarioError, RequestError):
                self.engine.first_run(changes.apply_changes(baseline, changes.read_changes(texts)), halt)

    async def days(self, request: Request) -> Response:
        """Data of the first future by day, for the map."""
        body = await read_body(request, ScenarioRequest)
        return JSONResponse(
            await self.run_in_thread(lambda: daily_map(*self.engine.daily_run(self.scenarios(request, body)[1])))
        )

    async def night(self, request: Request) -> Response:
        """Flow of threats through the layers on one day of the first future, as a chart."""
        body = await read_body(request, DayRequest)

        def flow() -> dict[str, Any]:
            run, tallies = self.engine.daily_run(self.scenarios(request, body)[1])
            if body.day >= tallies.sizes["day"]:
                raise RequestError(422, f"day: {body.day} is not accepted; the last day is {tallies.sizes['day'] - 1}")
            return chart_data(
                CaptionedChart("night", threat_flow_on_day(run, tallies, body.day), NIGHT_NOTE, overlay=False)
            )

        return JSONResponse(await self.run_in_thread(flow))

    async def add_upload(self, request: Request) -> Response:
        """Receive a scenario as a zip archive or a workbook, and check it as ``octoplan check`` does."""
        data = await body_bytes(request, MAX_ARCHIVE_BYTES)
        scenario = await self.run_in_thread(lambda: folders.read_upload(data))
        uploads = self.uploads.setdefault(request.state.session, {})
        uploads[scenario.hash] = scenario
        trim(uploads, MAX_UPLOADS)
        trim(self.uploads, MAX_SESSIONS)
        return JSONResponse({"hash": scenario.hash, "title": scenario.title})

    async def download(self, request: Request) -> Response:
        """The scenario with its changes as a zip archive, or as a workbook."""
        query = dict(request.query_params)
        kind = query.get("as", "zip")
        if kind not in MEDIA_TYPES:
            raise RequestError(422, f"as: {kind[:40]!r} is not a format; choose {' or '.join(MEDIA_TYPES)}")
        texts = {name: text for name, text in query.items() if changes.CHANGE_NAME_PATTERN.fullmatch(name)}
        body = ScenarioRequest.model_validate({"of": query.get("of"), "with": query.get("with"), "changes": texts})

        def file_to_download() -> tuple[str, bytes]:
            scenario = self.scenarios(request, body)[1]
            name = f"octoplan-{scenario.hash[:12]}"
            files = scenario.files
            return name, write_workbook(files) if kind == "xlsx" else folders.zip_archive(name, files)

        name, content = await self.run_in_thread(file_to_download)
        headers = {"Content-Disposition": f'attachment; filename="{name}.{kind}"'}
        return Response(content, media_type=MEDIA_TYPES[kind], headers=headers)

    async def start_job(self, request: Request) -> Response:
        """Start a job of this session."""
        body = await read_body(request, JobRequest)
        baseline, changed_scenario = await self.run_in_thread(lambda: self.scenarios(request, body))
        options = job_options(body, changed_scenario)
        subject = {"of": baseline.hash, "changes": body.changes}
        job = self.jobs.start(request.state.session, changed_scenario, body.kind, options, subject)
        return JSONResponse(job.status(), 201)

    async def list_jobs(self, request: Request) -> Response:
        """The jobs of this session."""
        return JSONResponse([job.status() for job in self.jobs.jobs_of_session(request.state.session)])

    def session_job(self, request: Request) -> Job:
        """The job in the path of a request. Raises RequestError if the session has no such job."""
        job = self.jobs.find_job(request.state.session, request.path_params["name"])
        if job is None:
            raise RequestError(404, "there is no such job in this browser")
        return job

    async def job(self, request: Request) -> Response:
        """The status of a job; DELETE cancels it first."""
        job = self.session_job(request)
        if request.method == "DELETE":
            await asyncio.to_thread(job.cancel)
        return JSONResponse(job.status())

    async def job_result(self, request: Request) -> Response:
        """The result of a completed job."""
        job = self.session_job(request)
        state = job.status()["state"]
        if state != "done":
            raise RequestError(409, f"the job has no result: its state is {state!r}")
        return FileResponse(job.folder / "result.json", media_type="application/json")


def numbers_of_futures(view: str, most: int | None) -> tuple[int, list[int]]:
    """The number of futures at which the answer of a view is settled, and those of its successive lines.

    most
        Maximum number of futures asked for, if limited.
    """
    settled = FUTURES_OF_SENSITIVITIES if view in VIEWS_WITH_MORE_FUTURES else SETTLED_FUTURES
    sizes = sorted({FIRST_FUTURES, SETTLED_FUTURES, *EFFECT_FUTURES, LEVEL_FUTURES, settled})
    accepted = [size for size in sizes if most is None or size <= most] or [FIRST_FUTURES]
    return min(settled, accepted[-1]), accepted


def problems_of(error: Exception) -> list[str]:
    """Messages of an error for the user, one for each problem."""
    if isinstance(error, ScenarioError | FolderError | RequestError):
        return [str(problem) for problem in error.problems]
    return str(error).split("\n")


async def handle_invalid_request(_: Request, error: Exception) -> Response:
    """Response to an invalid request, with its problems."""
    return JSONResponse({"problems": problems_of(error)}, error.status if isinstance(error, RequestError) else 422)


async def handle_not_found(request: Request, error: Exception) -> Response:
    """Response to an unknown path or method."""
    status, headers = (error.status_code, error.headers) if isinstance(error, HTTPException) else (404, None)
    path = request.url.path[:80]
    message = (
        f"there is nothing at {path!r}" if status == 404 else f"{path!r} does not accept {request.method} requests"
    )
    return JSONResponse({"problems": [message]}, status, headers=headers)


async def handle_failure(_: Request, error: Exception) -> Response:
    """Response to an internal error; the traceback is printed in the terminal."""
    message = f"octoplan failed ({type(error).__name__}); the traceback is in the terminal. Please report it"
    return JSONResponse({"problems": [message]}, 500)


EXCEPTION_HANDLERS: Mapping[Any, Any] = {
    OctoplanError: handle_invalid_request,
    HTTPException: handle_not_found,
    Exception: handle_failure,
}


def routes(page: Page) -> list[Route | Mount]:
    """The routes of the server."""
    return [
        Route("/", page.index), Route("/plotly.js", page.plotly), Route("/api/panels", page.panels),
        Route("/api/answer", page.answer, methods=["POST"]), Route("/api/days", page.days, methods=["POST"]),
        Route("/api/night", page.night, methods=["POST"]),
        Route("/api/folder", page.add_upload, methods=["POST"]), Route("/api/folder", page.download),
        Route("/api/jobs", page.start_job, methods=["POST"]), Route("/api/jobs", page.list_jobs),
        Route("/api/jobs/{name}", page.job, methods=["GET", "DELETE"]),
        Route("/api/jobs/{name}/result", page.job_result), Route(f"/static/{CHART_FIT_FILE.name}", page.chart_fit),
        Mount("/static", StaticFiles(directory=STATIC_FOLDER)),
    ]  # fmt: skip


def application(
    scenario: Scenario, name: str, *, hosts: tuple[str, ...] = ("127.0.0.1", "localhost"), threads: int
) -> Starlette:
    """The web application for a scenario.

    Args:
        scenario: The baseline.
        name: Name of the scenario in messages.
        hosts: Accepted host names.
        threads: Number of threads for the simulation.

    """
    page = Page(scenario, name, threads)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        page.requests.submit(page.engine.sample, scenario, SETTLED_FUTURES, np.zeros(1, np.int64))
        yield
        page.jobs.close()
        page.pool.shutdown(wait=False, cancel_futures=True)
        for pool in (page.requests, page.answers):
            pool.shutdown(wait=False, cancel_futures=True)

    middleware = [Middleware(Guard, hosts=frozenset(hosts))]
    return Starlette(
        routes=routes(page), exception_handlers=EXCEPTION_HANDLERS, middleware=middleware, lifespan=lifespan
    )  # fmt: skip
