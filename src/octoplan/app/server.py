"""The server of the page: on 127.0.0.1 unless told otherwise, and nothing of it ever asks another machine."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import plotly
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from octoplan.app import changes, folders, panels
from octoplan.app.engine import MORE, STEPS, Engine, Superseded, answer, drawn, replay, trim
from octoplan.app.jobs import Jobs
from octoplan.app.views import DEEP, Figure
from octoplan.errors import FolderError, JobError, RequestError, RunError, ScenarioError
from octoplan.scenario import Scenario
from octoplan.scenario.scenario import read_files
from octoplan.show import layers

STATIC = Path(__file__).parent / "static"
PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
COOKIE = "octoplan"
NIGHT = "Counts of one day of one future: another future has another such day."
MEDIA = {"zip": "application/zip", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
KEPT = 8
"""Uploaded scenarios that a session may hold."""

POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Guard:
    """Refuses other hosts and other sites, gives each browser its session, and sends the headers that keep it safe."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str]) -> None:
        self.app, self.hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        refusal = self.refusal(request)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        known = request.cookies.get(COOKIE, "")
        session = known or secrets.token_urlsafe(24)
        scope.setdefault("state", {})["session"] = session

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                if not known:
                    headers.append("set-cookie", f"{COOKIE}={session}; HttpOnly; Path=/; SameSite=Strict")
            await send(message)

        await self.app(scope, receive, sent)

    def refusal(self, request: Request) -> Response | None:
        """Why a request is not taken: another name of this machine, or another site's page behind it."""
        host = request.headers.get("host", "")
        if host.rsplit(":", 1)[0].strip("[]") not in self.hosts:
            return JSONResponse({"problems": [f"this page is not served as {host!r}"]}, 421)
        foreign = request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none")
        origin = request.headers.get("origin", host).split("://")[-1]
        if request.method != "GET" and (foreign or origin != host):
            return JSONResponse({"problems": ["another site may not ask this page for anything"]}, 403)
        return None


class Page:
    """What the routes share: the scenario served, those that sessions brought, flights and jobs."""

    def __init__(self, scenario: Scenario, name: str, threads: int) -> None:
        self.scenario, self.name = scenario, name
        self.pool = ThreadPoolExecutor(threads)
        self.flights = ThreadPoolExecutor(4)
        self.engine, self.jobs = Engine(self.pool), Jobs()
        self.brought: dict[str, dict[str, Scenario]] = {}

    def own(self, request: Request, of: str) -> Scenario:
        """The scenario a link names by its hash. Raises Asked for one that is not here, or not this version's."""
        if not of or self.scenario.hash.startswith(of):
            return self.scenario
        for key, scenario in self.brought.get(request.state.session, {}).items():
            if key.startswith(of):
                return scenario
        raise RequestError(
            409,
            f"the link was made for another scenario ({of[:12]}); this page shows {self.name} "
            f"({self.scenario.hash[:12]}). Upload the folder it was made for, or leave out 'of' to start from this one",
        )

    def asked(self, request: Request, body: Mapping[str, Any]) -> tuple[Scenario, Scenario]:
        """The scenario that a request is about, and the same with its changes."""
        with_version = str(body.get("with") or version("octoplan"))
        if with_version != version("octoplan"):
            raise RequestError(
                409,
                f"the link was made with octoplan {with_version}, this is {version('octoplan')}: numbers may differ",
            )
        own = self.own(request, str(body.get("of") or ""))
        words = {str(name): str(text) for name, text in dict(body.get("changes") or {}).items()}
        return own, changes.changed(own, changes.read(words))

    async def index(self, _: Request) -> Response:
        return FileResponse(STATIC / "index.html", headers={"Cache-Control": "no-cache"})

    async def plotly(self, _: Request) -> Response:
        return FileResponse(PLOTLY, headers={"Cache-Control": "max-age=86400"})

    async def panels(self, request: Request) -> Response:
        """Everything the panels show of a scenario."""
        scenario = self.own(request, request.query_params.get("of", ""))
        return JSONResponse({
            "title": scenario.title, "name": self.name, "hash": scenario.hash, "version": version("octoplan"),
            "months": list(scenario.names.months), "currency": scenario.currency, "countries": scenario.names.countries,
            "decisions": panels.decisions(scenario), "assumptions": panels.assumptions(scenario),
            "largest": folders.LARGEST,
        })  # fmt: skip

    async def answer(self, request: Request) -> Response:
        """Answers to a move as lines of JSON, each from more futures, until the page has moved on."""
        body = await read(request)
        loop = asyncio.get_running_loop()
        own, other = await loop.run_in_executor(self.flights, self.asked, request, body)
        every = (*STEPS, *MORE) if body.get("view") in DEEP else STEPS
        most = min(every[-1], int(body.get("most") or every[-1]))
        steps = [step for step in every if step <= most] or [every[0]]
        return StreamingResponse(self.refined(own, other, str(body.get("view")), steps), media_type="text/plain")

    async def refined(self, own: Scenario, other: Scenario, view: str, steps: list[int]) -> AsyncIterator[str]:
        loop, halt = asyncio.get_running_loop(), np.zeros(1, np.int64)

        def step(futures: int) -> str:
            base = self.engine.own(own, futures)
            run = base[0] if other.hash == own.hash else self.engine.flown(other, futures, halt)
            if halt[0]:
                raise Superseded
            return json.dumps({**answer(base, run, view), "most": steps[-1]}, allow_nan=False) + "\n"

        try:
            for futures in steps:
                yield await loop.run_in_executor(self.flights, step, futures)
        except Superseded:
            return
        finally:
            halt[0] = 1

    async def days(self, request: Request) -> Response:
        """One future day by day."""
        body = await read(request)
        return JSONResponse(await self.off_loop(lambda: replay(*self.engine.days(self.asked(request, body)[1]))))

    async def night(self, request: Request) -> Response:
        """One day of it as counts through the layers."""
        body = await read(request)

        def found() -> dict[str, Any]:
            run, told = self.engine.days(self.asked(request, body)[1])
            day = min(max(0, int(body.get("day") or 0)), told.sizes["day"] - 1)
            return drawn(Figure("night", layers.night(run, told, day), NIGHT, ghost=False), None)

        return JSONResponse(await self.off_loop(found))

    async def off_loop(self, work: Callable[[], Any]) -> Any:
        """What takes longer than a blink, on a thread beside the server's own."""
        return await asyncio.get_running_loop().run_in_executor(self.flights, work)

    async def bring(self, request: Request) -> Response:
        """A scenario folder as a zip file, checked as ``octoplan check`` does."""
        data = b""
        async for chunk in request.stream():
            data += chunk
            if len(data) > folders.LARGEST:
                raise RequestError(413, f"the file is larger than the {folders.LARGEST:,} bytes that are taken")
        scenario = read_files(folders.brought(data), "upload")
        held = self.brought.setdefault(request.state.session, {})
        held[scenario.hash] = scenario
        trim(held, KEPT)
        return JSONResponse({"hash": scenario.hash, "title": scenario.title})

    async def fetch(self, request: Request) -> Response:
        """The scenario with its changes as a zip file, or as a workbook."""
        query = dict(request.query_params)
        _, other = self.asked(request, {"of": query.get("of"), "with": query.get("with"), "changes": query})
        name = f"octoplan-{other.hash[:12]}"
        kind = "xlsx" if query.get("as") == "xlsx" else "zip"
        made = folders.as_workbook(other.files) if kind == "xlsx" else folders.packed(name, other.files)
        headers = {"Content-Disposition": f'attachment; filename="{name}.{kind}"'}
        return Response(made, media_type=MEDIA[kind], headers=headers)

    async def begin(self, request: Request) -> Response:
        body = await read(request)
        base, other = self.asked(request, body)
        about = {"of": base.hash, "changes": dict(body.get("changes") or {})}
        options = dict(body.get("options") or {})
        job = self.jobs.start(request.state.session, other, str(body.get("kind")), options, about)
        return JSONResponse(job.told(), 201)

    async def every_job(self, request: Request) -> Response:
        own = self.jobs.of.get(request.state.session, {})
        return JSONResponse([job.told() for job in own.values()])

    async def job(self, request: Request) -> Response:
        """One job of this session: what it says, its end, or its result."""
        job = self.jobs.find(request.state.session, request.path_params["name"])
        if job is None:
            raise RequestError(404, "there is no such job in this browser")
        if request.method == "DELETE":
            await asyncio.to_thread(job.cancel)
        told = job.told()
        if request.url.path.endswith("/result"):
            if told["state"] != "done":
                raise RequestError(409, f"the job is {told['state']}; it has no result")
            return FileResponse(job.folder / "result.json", media_type="application/json")
        return JSONResponse(told)


async def read(request: Request) -> dict[str, Any]:
    """A request's body. Raises Asked for one that is no JSON object."""
    try:
        body = await request.json()
    except (ValueError, ClientDisconnect):
        raise RequestError(400, "the request holds no JSON") from None
    if not isinstance(body, dict):
        raise RequestError(400, "the request holds no JSON object")
    return body


async def refused(_: Request, error: Exception) -> Response:
    """What cannot be, as problems with their files and lines."""
    if isinstance(error, ScenarioError):
        return JSONResponse({"problems": [str(problem) for problem in error.problems]}, 422)
    status = error.status if isinstance(error, RequestError) else 422
    return JSONResponse({"problems": [str(error)]}, status)


def served(
    scenario: Scenario, name: str, *, hosts: tuple[str, ...] = ("127.0.0.1", "localhost"), threads: int
) -> Starlette:
    """The application that shows a scenario to the hosts named.

    threads
        On which futures are flown.
    """
    page = Page(scenario, name, threads)

    @asynccontextmanager
    async def life(_: Starlette) -> AsyncIterator[None]:
        page.flights.submit(page.engine.own, scenario, STEPS[1])
        yield
        page.jobs.close()
        page.pool.shutdown(wait=False, cancel_futures=True)
        page.flights.shutdown(wait=False, cancel_futures=True)

    routes = [
        Route("/", page.index), Route("/plotly.js", page.plotly), Route("/api/panels", page.panels),
        Route("/api/answer", page.answer, methods=["POST"]), Route("/api/days", page.days, methods=["POST"]),
        Route("/api/night", page.night, methods=["POST"]),
        Route("/api/folder", page.bring, methods=["POST"]), Route("/api/folder", page.fetch),
        Route("/api/jobs", page.begin, methods=["POST"]), Route("/api/jobs", page.every_job),
        Route("/api/jobs/{name}", page.job, methods=["GET", "DELETE"]),
        Route("/api/jobs/{name}/result", page.job),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]  # fmt: skip
    handlers: Any = dict.fromkeys((RequestError, ScenarioError, FolderError, JobError, RunError), refused)
    middleware = [Middleware(Guard, hosts=frozenset(hosts))]
    return Starlette(routes=routes, exception_handlers=handlers, middleware=middleware, lifespan=life)
