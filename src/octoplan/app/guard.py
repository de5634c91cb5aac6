"""Middleware of the server: access control, browser sessions, and security headers."""

import secrets

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE_NAME = "octoplan"
"""Name of the cookie that contains the session identifier."""
MAX_SESSION_LENGTH = 64
"""Maximum length of a session identifier."""

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Guard:
    """ASGI middleware that refuses requests for other hosts or from other sites, and assigns sessions to browsers."""

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
        cookie = request.cookies.get(COOKIE_NAME, "")[:MAX_SESSION_LENGTH]
        session = cookie or secrets.token_urlsafe(24)
        scope.setdefault("state", {})["session"] = session

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(SECURITY_HEADERS)
                if not cookie:
                    headers.append("set-cookie", f"{COOKIE_NAME}={session}; HttpOnly; Path=/; SameSite=Strict")
            await send(message)

        await self.app(scope, receive, send_with_headers)

    def refusal(self, request: Request) -> Response | None:
        """Error response to a request for another host or from a page of another site; None if it is permitted."""
        host = request.headers.get("host", "")
        if host.rsplit(":", 1)[0].strip("[]") not in self.hosts:
            return JSONResponse(
                {
                    "problems": [
                        f"this server does not accept the host name {host!r}; open the address printed in the terminal"
                    ]
                },
                421,
            )
        is_cross_site = request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none")
        origin = request.headers.get("origin", host).split("://")[-1]
        if request.method != "GET" and (is_cross_site or origin != host):
            return JSONResponse({"problems": ["requests from pages of other sites are refused"]}, 403)
        return None
