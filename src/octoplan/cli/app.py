"""``octoplan app``: serve the interactive page of a scenario."""

import socket
import threading
import webbrowser

from octoplan.cli.console import EXIT_INTERRUPTED, MAX_THREADS, check_number, print_line, print_warning
from octoplan.errors import RunError
from octoplan.executors import cores

LOCALHOST = "127.0.0.1"
MAX_PORT = 65_535


def app(
    scenario: str = "octopus",
    *,
    host: str = LOCALHOST,
    port: int = 8765,
    browser: bool = True,
    threads: int | None = None,
) -> None:
    """Serve the interactive page of a scenario, where sliders change decisions and assumptions.

    Parameters
    ----------
    scenario
        A scenario folder or workbook (.xlsx), or the name of a built-in scenario.
    host
        Address at which the page is served. If it is not 127.0.0.1, anybody who can reach the address can use the page.
    port
        Port at which the page is served; 0 selects a free port.
    browser
        Open the page in the default browser.
    threads
        Number of threads; one per core by default.

    """
    import uvicorn

    from octoplan.app.server import application
    from octoplan.scenario import load

    check_number("--port", port, 0, MAX_PORT)
    check_number("--threads", threads, 1, MAX_THREADS)
    loaded = load(scenario)
    listener = listening_socket(host, port)
    address = f"http://{host}:{listener.getsockname()[1]}/"
    if host != LOCALHOST:
        print_warning(f"warning: anybody who can reach {host} can use this page, which has no login")
    print_line(f"{loaded.title}: {address} (Ctrl-C stops the server)")
    web_app = application(loaded, scenario, hosts=(LOCALHOST, "localhost", host), threads=threads or cores())
    if browser:
        threading.Timer(0.5, webbrowser.open, [address]).start()
    try:
        uvicorn.Server(uvicorn.Config(web_app, log_level="warning", timeout_graceful_shutdown=1)).run([listener])
    except KeyboardInterrupt:
        print_warning("stopped")
        raise SystemExit(EXIT_INTERRUPTED) from None


def listening_socket(host: str, port: int) -> socket.socket:
    """A socket that listens on an address of this machine. Raises RunError if the address is not available.

    Connections made before the server runs wait in the queue of the socket instead of being refused.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()
    except OSError as error:
        listener.close()
        reason = error.strerror or error
        raise RunError(f"no page can be served at {host}:{port}: {reason}; choose another --host or --port") from error
    except UnicodeError as error:
        listener.close()
        raise RunError(f"--host {host!r} is not an address; write one such as {LOCALHOST}") from error
    return listener
