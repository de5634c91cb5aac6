"""The web server of the page. It listens on 127.0.0.1 by default and makes no requests to other servers."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
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
from octoplan.app.archives import MAX_BYTES
from octoplan.app.engine import DEEP_STEPS, STEPS, Engine, Superseded, answer, daily_map, figure_data, trim
from octoplan.app.guard import Guard
from octoplan.app.jobs import Job, Jobs
from octoplan.app.requests import DayBody, JobBody, ScenarioBody, ViewRequest, body_of, job_options, read
from octoplan.app.views import VIEWS_WITH_MORE_FUTURES, Figure
from octoplan.errors import FolderError, OctoplanError, RequestError, ScenarioError
from octoplan.scenario import Scenario
from octoplan.scenario.scenario import read_files
from octoplan.show.threat_flow import threat_flow_on_day

STATIC = Path(__file__).parent / "static"
PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
NIGHT_NOTE = "Counts of one day of one future; other futures differ."
MEDIA = {"zip": "application/zip", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
MAX_UPLOADS = 8
"""Maximum number of uploaded scenarios per session."""
MAX_SESSIONS = 64
"""Maximum number of sessions with uploads."""

T = TypeVar("T")


@dataclass(frozen=True)
class Upload:
    """An uploaded scenario, and remarks on how its file was read."""

    scenario: Scenario
    remarks: tuple[str, ...] = ()


class Page:
    """Request handlers and their shared state: baseline scenario, uploads by session, simulations and jobs."""

    def __init__(self, scenario: Scenario, name: str, threads: int) -> None:
        self.scenario, self.name = scenario, name
        self.pool = ThreadPoolExecutor(threads)
        self.requests = ThreadPoolExecutor(4)
        self.engine, self.jobs = Engine(self.pool), Jobs()
        self.uploads: dict[str, dict[str, Upload]] = {}

    def upload(self, request: Request, of: str | None) -> Upload:
        """The scenario whose hash begins with ``of``; the served scenario if ``of`` is not given.

        Raises:
            RequestError: The session has no such scenario.

        """
        uploads = self.uploads.get(request.state.session, {}) if of else {}
        for key, upload in uploads.items():
            if of and key.startswith(of):
                return upload
        if not of or self.scenario.hash.startswith(of):
            return Upload(self.scenario)
        raise RequestError(
            409,
            f"the link was made for another scenario ({of[:12]}); this page shows {self.name} "
            f"({self.scenario.hash[:12]}). Upload the folder it was made for, or leave out 'of' to start from this one",
        )

    def scenarios(self, request: Request, body: ScenarioBody) -> tuple[Scenario, Scenario]:
        """The baseline of a request, and the changed scenario."""
        if body.version and body.version != version("octoplan"):
            raise RequestError(
                409,
                f"the link was made with octoplan {body.version[:40]}, this is {version('octoplan')}: "
                "numbers may differ",
            )
        baseline = self.upload(request, body.of).scenario
        return baseline, changes.changed(baseline, changes.read(body.changes))

    async def run_in_thread(self, work: Callable[[], T]) -> T:
        """Run a function on a thread, without blocking the server."""
        return await asyncio.get_running_loop().run_in_executor(self.requests, work)

    async def index(self, _: Request) -> Response:
        """The page."""
        return FileResponse(STATIC / "index.html", headers={"Cache-Control": "no-cache"})

    async def plotly(self, _: Request) -> Response:
        """The charting library."""
        return FileResponse(PLOTLY, headers={"Cache-Control": "max-age=86400"})

    async def panels(self, request: Request) -> Response:
        """The decisions and assumptions of a scenario, for the panels."""
        upload = self.upload(request, request.query_params.get("of"))
        scenario = upload.scenario
        return JSONResponse({
            "title": scenario.title, "name": self.name, "hash": scenario.hash, "version": version("octoplan"),
            "months": list(scenario.names.months), "currency": scenario.currency, "countries": scenario.names.countries,
            "decisions": panels.decisions(scenario), "assumptions": panels.assumptions(scenario),
            "max_upload": MAX_BYTES, "remarks": [*upload.remarks, *map(str, scenario.warnings)],
        })  # fmt: skip

    async def answer(self, request: Request) -> Response:
        """Results for a change as a stream of JSON lines, each from more futures than the one before."""
        body = await read(request, ViewRequest)
        baseline, changed = await self.run_in_thread(lambda: self.scenarios(request, body))
        every_step = (*STEPS, *DEEP_STEPS) if body.view in VIEWS_WITH_MORE_FUTURES else STEPS
        steps = [step for step in every_step if body.most is None or step <= body.most] or [STEPS[0]]
        return StreamingResponse(self.refined(baseline, changed, body.view, steps), media_type="text/plain")

    async def refined(
        self, baseline: Scenario, changed: Scenario, view: str, steps: list[int]
    ) -> AsyncIterator[str]:  # fmt: skip
        """Lines of the stream; if the changed scenario cannot be simulated, the last line has the problems."""
        halt = np.zeros(1, np.int64)

        def line(futures: int) -> str:
            sample = self.engine.baseline(baseline, futures)
            run = sample[0] if changed.hash == baseline.hash else self.engine.simulate(changed, futures, halt)
            if halt[0]:
                raise Superseded
            return json.dumps({**answer(sample, run, view), "most": steps[-1]}, allow_nan=False)

        try:
            for futures in steps:
                yield await self.run_in_thread(partial(line, futures)) + "\n"
        except Superseded:
            return
        except OctoplanError as error:
            yield json.dumps({"problems": problems_of(error)}) + "\n"
        finally:
            halt[0] = 1

    async def days(self, request: Request) -> Response:
        """Daily data of one future."""
        body = await read(request, ScenarioBody)
        return JSONResponse(
            await self.run_in_thread(lambda: daily_map(*self.engine.daily(self.scenarios(request, body)[1])))
        )

    async def night(self, request: Request) -> Response:
        """Flow of threats through the layers on one day of that future."""
        body = await read(request, DayBody)

        def figure() -> dict[str, Any]:
            run, days = self.engine.daily(self.scenarios(request, body)[1])
            if body.day >= days.sizes["day"]:
                raise RequestError(422, f"day: {body.day} is not accepted; the last day is {days.sizes['day'] - 1}")
            return figure_data(Figure("night", threat_flow_on_day(run, days, body.day), NIGHT_NOTE, overlay=False))

        return JSONResponse(await self.run_in_thread(figure))

    async def add_upload(self, request: Request) -> Response:
        """Receive a scenario as a zip archive or a workbook, and check it as ``octoplan check`` does."""
        data = await body_of(request, MAX_BYTES)

        def checked() -> Upload:
            files, remarks = folders.read_upload(data)
            if files.pop(folders.README, None) is not None:
                remarks.append(f"{folders.README} is not part of a scenario; it was not read")
            return Upload(read_files(files, "upload"), tuple(remarks))

        upload = await self.run_in_thread(checked)
        uploads = self.uploads.setdefault(request.state.session, {})
        uploads[upload.scenario.hash] = upload
        trim(uploads, MAX_UPLOADS)
        trim(self.uploads, MAX_SESSIONS)
        return JSONResponse({"hash": upload.scenario.hash, "title": upload.scenario.title})

    async def download(self, request: Request) -> Response:
        """The scenario with its changes as a zip archive, or as a workbook."""
        query = dict(request.query_params)
        kind = query.get("as", "zip")
        if kind not in MEDIA:
            raise RequestError(422, f"as: {kind[:40]!r} is not a format; there are {', '.join(MEDIA)}")
        texts = {name: text for name, text in query.items() if changes.CHANGE_NAME.fullmatch(name)}
        body = ScenarioBody.model_validate({"of": query.get("of"), "with": query.get("with"), "changes": texts})

        def content_of() -> tuple[str, bytes]:
            scenario = self.scenarios(request, body)[1]
            name = f"octoplan-{scenario.hash[:12]}"
            files = scenario.files
            return name, folders.as_workbook(files) if kind == "xlsx" else folders.zip_archive(name, files)

        name, content = await self.run_in_thread(content_of)
        headers = {"Content-Disposition": f'attachment; filename="{name}.{kind}"'}
        return Response(content, media_type=MEDIA[kind], headers=headers)

    async def start_job(self, request: Request) -> Response:
        """Start a job of this session."""
        body = await read(request, JobBody)
        baseline, changed = await self.run_in_thread(lambda: self.scenarios(request, body))
        options = job_options(body, changed)
        subject = {"of": baseline.hash, "changes": body.changes}
        job = self.jobs.start(request.state.session, changed, body.kind, options, subject)
        return JSONResponse(job.status(), 201)

    async def list_jobs(self, request: Request) -> Response:
        """The jobs of this session."""
        return JSONResponse([job.status() for job in self.jobs.jobs_of_session(request.state.session)])

    def session_job(self, request: Request) -> Job:
        """The job in the path of a request. Raises RequestError if the session has no such job."""
        job = self.jobs.find(request.state.session, request.path_params["name"])
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
            raise RequestError(409, f"the job is {state}; it has no result")
        return FileResponse(job.folder / "result.json", media_type="application/json")


def problems_of(error: Exception) -> list[str]:
    """The messages of an error for the user, one for each problem."""
    if isinstance(error, ScenarioError | FolderError | RequestError):
        return [str(problem) for problem in error.problems]
    return [str(error)]


async def handle_refusal(_: Request, error: Exception) -> Response:
    """Response to an invalid request, with its problems."""
    return JSONResponse({"problems": problems_of(error)}, error.status if isinstance(error, RequestError) else 422)


async def handle_not_found(request: Request, error: Exception) -> Response:
    """Response to an unknown path or method."""
    status, headers = (error.status_code, error.headers) if isinstance(error, HTTPException) else (404, None)
    path = request.url.path[:80]
    message = f"there is nothing at {path!r}" if status == 404 else f"{path!r} does not take {request.method}"
    return JSONResponse({"problems": [message]}, status, headers=headers)


async def handle_failure(_: Request, error: Exception) -> Response:
    """Response to an internal error; the traceback is printed in the terminal."""
    message = f"octoplan failed ({type(error).__name__}); the traceback is in the terminal. Please report it"
    return JSONResponse({"problems": [message]}, 500)


HANDLERS: Mapping[Any, Any] = {
    OctoplanError: handle_refusal,
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
        Route("/api/jobs/{name}/result", page.job_result), Mount("/static", StaticFiles(directory=STATIC)),
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
        page.requests.submit(page.engine.baseline, scenario, STEPS[1])
        yield
        page.jobs.close()
        page.pool.shutdown(wait=False, cancel_futures=True)
        page.requests.shutdown(wait=False, cancel_futures=True)

    middleware = [Middleware(Guard, hosts=frozenset(hosts))]
    return Starlette(
        routes=routes(page), exception_handlers=HANDLERS, middleware=middleware, lifespan=lifespan
    )  # fmt: skip
