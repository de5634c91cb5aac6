"""Middleware of the server: access control, browser sessions, and security headers."""

import secrets

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "octoplan"
MAX_COOKIE = 64
"""Maximum length of a session identifier."""

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
    """ASGI middleware that refuses requests for other hosts or from other sites, and assigns browser sessions."""

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
        cookie = request.cookies.get(COOKIE, "")[:MAX_COOKIE]
        session = cookie or secrets.token_urlsafe(24)
        scope.setdefault("state", {})["session"] = session

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                if not cookie:
                    headers.append("set-cookie", f"{COOKIE}={session}; HttpOnly; Path=/; SameSite=Strict")
            await send(message)

        await self.app(scope, receive, send_with_headers)

    def refusal(self, request: Request) -> Response | None:
        """Error response to a request for another host name or from a page of another site; None if it is allowed."""
        host = request.headers.get("host", "")
        if host.rsplit(":", 1)[0].strip("[]") not in self.hosts:
            return JSONResponse({"problems": [f"this page is not served as {host!r}"]}, 421)
        foreign = request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none")
        origin = request.headers.get("origin", host).split("://")[-1]
        if request.method != "GET" and (foreign or origin != host):
            return JSONResponse({"problems": ["requests from other sites are not answered"]}, 403)
        return None
