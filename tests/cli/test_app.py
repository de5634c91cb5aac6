"""The command ``octoplan app``."""

import socket

from octoplan.cli.app import LOCALHOST, listening_socket


def test_connections_wait_for_the_server_instead_of_being_refused() -> None:
    """The address is printed before the server runs, so a browser may already connect to it."""
    with listening_socket(LOCALHOST, 0) as listener:
        with socket.create_connection(listener.getsockname(), timeout=10) as client:
            client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.recv(3) == b"GET"
