"""``octoplan app``: the page, served to this machine."""

import sys
import threading
import webbrowser

from octoplan.cli.runs import BAD, cores, leave, spoken

LOCAL = "127.0.0.1"


def app(
    scenario: str = "octopus",
    *,
    host: str = LOCAL,
    port: int = 8765,
    browser: bool = True,
    threads: int | None = None,
) -> None:
    """Show a scenario as a page on which sliders move and the answer moves with them.

    Parameters
    ----------
    scenario
        A scenario folder, or the name of a shipped one.
    host
        The address to serve on; anybody who reaches another one than 127.0.0.1 can use the page.
    port
        The port to serve on; 0 takes a free one.
    browser
        Open the page.
    threads
        Threads to fly on; all cores if not given.

    """
    import socket

    import uvicorn

    from octoplan.app.server import served
    from octoplan.scenario import load

    with spoken():
        shown = load(scenario)
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((host, port))
        except OSError as error:
            leave(f"{host}:{port} cannot be served on: {error.strerror or error}; choose another --port", BAD)
        address = f"http://{host}:{listening.getsockname()[1]}/"
        if host != LOCAL:
            sys.stderr.write(f"warning: anybody who reaches {host} can use this page; it asks nobody who they are\n")
        sys.stdout.write(f"{shown.title}: {address} (Ctrl-C ends it)\n")
        sys.stdout.flush()
        page = served(shown, scenario, hosts=(LOCAL, "localhost", host), threads=threads or cores())
        if browser:
            threading.Timer(0.5, webbrowser.open, [address]).start()
        uvicorn.Server(uvicorn.Config(page, log_level="warning", timeout_graceful_shutdown=1)).run([listening])
