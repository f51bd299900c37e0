"""Plain clients for a started reference endpoint: http.client, ssl and raw sockets, nothing of the suite."""

from __future__ import annotations

import http.client
import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import pytest

from conformance.reference import Running, start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DOCUMENT = "<clickatellsdk><action>get_list_callback</action></clickatellsdk>"


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def root(self) -> ET.Element:
        return ET.fromstring(self.body)

    def text(self, name: str) -> str | None:
        return self.root.findtext(name)

    @property
    def success(self) -> bool:
        return self.text("Result") == "Success" and self.root.find("Values/Value") is not None


class Client:
    """One connection a call, unless a connection is passed in."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.tls = ssl.create_default_context(cafile=running.ca_file)

    def connect(self, secure: bool = True) -> http.client.HTTPConnection:
        if secure:
            url = urlsplit(self.running.https_url)
            return http.client.HTTPSConnection(url.hostname or "", url.port, timeout=10, context=self.tls)
        url = urlsplit(self.running.http_url)
        return http.client.HTTPConnection(url.hostname or "", url.port, timeout=10)

    def call(
        self,
        query: str = "",
        *,
        method: str = "GET",
        path: str | None = None,
        secure: bool = True,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        connection = self.connect(secure)
        try:
            target = path or f"/{self.running.token}"
            connection.request(method, target + query, body, headers or {})
            response = connection.getresponse()
            return Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def raw(self, request: bytes, *, secure: bool = True) -> bytes:
        """Sends the bytes as they are and reads until the server closes."""
        url = urlsplit(self.running.https_url if secure else self.running.http_url)
        with socket.create_connection((url.hostname, url.port), timeout=10) as sock:
            if not secure:
                return _exchange(sock, request)
            with self.tls.wrap_socket(sock, server_hostname=url.hostname) as wrapped:
                return _exchange(wrapped, request)


def _exchange(sock: socket.socket, request: bytes) -> bytes:
    sock.sendall(request)
    answer = b""
    while chunk := sock.recv(65536):
        answer += chunk
    return answer


@pytest.fixture(scope="session")
def running() -> Iterator[Running]:
    with start() as running:
        yield running


@pytest.fixture
def client(running: Running) -> Client:
    return Client(running)


@pytest.fixture
def serve() -> Iterator[Callable[..., Client]]:
    """Starts further endpoints and closes them."""
    started: list[Running] = []

    def begin(**options: Any) -> Client:
        started.append(start(**options))
        return Client(started[-1])

    yield begin
    for one in started:
        one.close()
