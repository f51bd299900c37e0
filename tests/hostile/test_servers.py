"""The hostile servers do what their stories say, seen by plain clients of the standard library."""

import base64
import http.client
import os
import socket
import ssl
import urllib.request
import zlib
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest

from . import catalogue  # noqa: F401  which fills the registry
from .floods import BOMB, gzip_twice
from .honest import http as answer_of
from .leaks import leaks
from .registry import BEHAVIOURS, Behaviour, Ending
from .stage import Ask, Authority, Canary, Server

REQUEST = b"GET /t?action=get_list_callback HTTP/1.1\r\nHost: localhost\r\n\r\n"
TOKEN = "0123456789abcdef" * 2
VARIED = ("Hostile text", "The token said back")  # a script of these differs from request to request
Opener = Callable[[str], Server]


@pytest.fixture
def play(authority: Authority, canary: Canary, tmp_path: Path) -> Iterator[Opener]:
    opened: list[Server] = []

    def start(name: str | Behaviour) -> Server:
        behaviour = BEHAVIOURS[name] if isinstance(name, str) else name
        server = Server(behaviour, authority, canary, token=TOKEN, bait=tmp_path / "bait.txt")
        opened.append(server)
        return server

    yield start
    for server in opened:
        server.__exit__()
        assert server.faults == []


@pytest.fixture
def trusting(authority: Authority) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.ca.configure_trust(context)
    return context


def port_of(address: str) -> int:
    return int(address.split(":")[2].split("/", maxsplit=1)[0])


def connect(server: Server, trusting: ssl.SSLContext, *, patience: float = 10) -> ssl.SSLSocket:
    sock = socket.create_connection(("127.0.0.1", port_of(server.endpoint)), timeout=patience)
    return trusting.wrap_socket(sock, server_hostname="localhost", suppress_ragged_eofs=False)


def read_to_the_end(sock: socket.socket, limit: int = 1 << 22) -> bytes:
    data = b""
    while len(data) < limit and (more := sock.recv(65536)):
        data += more
    return data


def ask_of(server: Server, sock: socket.socket, number: int, *, secure: bool) -> Ask:
    return Ask(number, secure, server, sock, REQUEST)


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_every_script_yields_what_can_be_played(name: str, play: Opener) -> None:
    """Each script yields bytes, pauses and endings, for any request and both ports."""
    server = play("silence_after_accept")
    near, far = socket.socketpair()
    with near, far:
        far.close()
        varied = BEHAVIOURS[name].subject in VARIED or name.startswith("medley")
        for number in range(1, 45 if varied else 8):
            steps = list(islice(BEHAVIOURS[name].script(ask_of(server, near, number, secure=number % 7 != 0)), 3))
            assert all(isinstance(step, bytes | float | int | Ending) for step in steps)
            assert len(steps) > 0 or number % 7 == 0


def test_every_behaviour_says_what_it_does() -> None:
    assert [name for name, behaviour in BEHAVIOURS.items() if not behaviour.story.endswith(".")] == []


@pytest.mark.parametrize("secure", [True, False])
def test_an_honest_endpoint_answers(secure: bool, play: Opener, trusting: ssl.SSLContext) -> None:
    server = play("plain_port_upgrades")
    address = server.endpoint if secure else server.http_endpoint
    connection: http.client.HTTPConnection = http.client.HTTPConnection("localhost", port_of(address), timeout=10)
    if secure:
        connection = http.client.HTTPSConnection("localhost", port_of(address), timeout=10, context=trusting)
    for _ in range(2):  # over one connection
        connection.request("GET", "/t?action=get_list_callback")
        answer = connection.getresponse()
        assert (answer.status, b"<Result>Success</Result>" in answer.read()) == (
            (200, True) if secure else (426, False)
        )
    connection.close()
    assert len(server.records) == 2


@pytest.mark.parametrize("name", ["silence_after_tls", "silence_after_request"])
def test_silence(name: str, play: Opener, trusting: ssl.SSLContext) -> None:
    with connect(play(name), trusting) as sock:
        sock.sendall(REQUEST)
        sock.settimeout(0.2)
        with pytest.raises(TimeoutError):
            sock.recv(1)


@pytest.mark.parametrize("name", ["silence_after_accept", "half_a_handshake", "handshake_a_byte_a_second"])
def test_a_handshake_that_does_not_end(name: str, play: Opener, trusting: ssl.SSLContext) -> None:
    with pytest.raises(TimeoutError):
        connect(play(name), trusting, patience=0.2)


@pytest.mark.parametrize(
    "name", ["after_accept_resets", "after_accept_closes", "plain_http_for_tls", "endless_tls_alerts"]
)
def test_no_handshake(name: str, play: Opener, trusting: ssl.SSLContext) -> None:
    with pytest.raises(OSError, match=r"reset|EOF|WRONG_VERSION|ALERT|alert|record"):
        connect(play(name), trusting)


def end_of(sock: ssl.SSLSocket) -> str:
    """How the connection below TLS ends: Python's ssl calls a reset an end of file."""
    with socket.socket(fileno=os.dup(sock.fileno())) as below:
        below.settimeout(10)
        try:
            read_to_the_end(below)
        except ConnectionResetError:
            return "reset"
        return "end of file"


@pytest.mark.parametrize(("name", "end"), [("mid_body_cuts", "end of file"), ("mid_body_resets", "reset")])
def test_an_answer_that_breaks_off(name: str, end: str, play: Opener, trusting: ssl.SSLContext) -> None:
    with connect(play(name), trusting) as sock:
        sock.sendall(REQUEST)
        assert end_of(sock) == end


def test_a_body_that_lasts_until_close_ends_with_tls_goodbye(play: Opener, trusting: ssl.SSLContext) -> None:
    with connect(play("closes_and_lasts_until_close"), trusting) as sock:
        sock.sendall(REQUEST)
        assert read_to_the_end(sock).endswith(b"</ClICKATELLSDK>\n")


@pytest.mark.parametrize("name", [name for name in BEHAVIOURS if name.startswith("endless_") and "tls" not in name])
def test_endless(name: str, play: Opener, trusting: ssl.SSLContext) -> None:
    with connect(play(name), trusting) as sock:
        sock.sendall(REQUEST)
        assert len(read_to_the_end(sock, limit=1 << 20)) >= 1 << 20


def unpacked_size(pieces: Iterator[bytes]) -> int:
    unpack, size = zlib.decompressobj(47), 0
    for piece in pieces:
        size += len(unpack.decompress(piece))
    return size


def test_bombs_hold_a_gibibyte() -> None:
    assert unpacked_size(islice(BOMB.gzip(1024), 33)) > 1 << 25
    assert len(list(BOMB.gzip(1024))) > 1024
    outer = zlib.decompressobj(47).decompress(gzip_twice())
    assert unpacked_size(iter([outer[:4096]])) > 1 << 20
    assert len(gzip_twice()) < 1 << 16


def test_the_canary_notes_who_calls(canary: Canary) -> None:
    proxyless = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    assert proxyless.open(canary.url, timeout=10).read() == b"canary"
    assert canary.calls[0].startswith(b"GET /canary ")


@pytest.mark.parametrize("name", [name for name in BEHAVIOURS if name.startswith("echo_") and "medley" not in name])
def test_the_search_for_leaks_finds_every_echo(name: str, play: Opener) -> None:
    """What the tests for secrets would miss, they could not hold against the suite."""
    server = play("silence_after_accept")
    near, far = socket.socketpair()
    with near, far:
        said = b"".join(
            step
            for number in range(1, 30)
            for step in BEHAVIOURS[name].script(ask_of(server, near, number, secure=True))
            if isinstance(step, bytes)
        )
    body = said.partition(b"\r\n\r\n")[2] if "encoded" in name or "gzip" in name else said
    split = name == "echo_split_over_chunks"
    assert bool(leaks(server.token, base64.b64encode(body))) is not split
    assert leaks(server.token, answer_of(b"nothing here")) == []
