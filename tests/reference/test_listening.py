"""Starting and stopping: two listeners, one certificate authority, nothing left behind."""

from __future__ import annotations

import gc
import http.client
import re
import socket
import ssl
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from conformance.reference import Running, start
from tests.reference.conftest import Client

QUERY = "?XML=" + quote("<clickatellsdk><action>get_list_callback</action></clickatellsdk>")


def ports(running: Running) -> Any:
    return urlsplit(running.https_url).port, urlsplit(running.http_url).port


def run_alone(code: str) -> Any:
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stderr


def test_urls_and_token(running: Running) -> None:
    assert re.fullmatch("[0-9a-f]{32}", running.token)
    assert re.fullmatch(rf"https://localhost:\d+/{running.token}", running.https_url)
    assert re.fullmatch(r"http://localhost:\d+/", running.http_url)


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1"])
def test_certificate_is_good_for_loopback(running: Running, name: str) -> None:
    context = ssl.create_default_context(cafile=running.ca_file)
    with (
        socket.create_connection(("127.0.0.1", ports(running)[0])) as sock,
        context.wrap_socket(sock, server_hostname=name) as tls,
    ):
        assert tls.version() == "TLSv1.3"
        assert (tls.getpeercert() or {})["notAfter"]


def test_certificate_is_good_for_nothing_else(running: Running) -> None:
    context = ssl.create_default_context(cafile=running.ca_file)
    with (
        socket.create_connection(("127.0.0.1", ports(running)[0])) as sock,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        context.wrap_socket(sock, server_hostname="example.com")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_tls_1_1_is_refused(running: Running) -> None:
    context = ssl.create_default_context(cafile=running.ca_file)
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with (
        socket.create_connection(("127.0.0.1", ports(running)[0])) as sock,
        pytest.raises((ssl.SSLError, ConnectionError)),
    ):
        context.wrap_socket(sock, server_hostname="localhost")


def test_each_endpoint_has_its_own_authority(running: Running) -> None:
    with start() as other:
        assert other.token != running.token
        context = ssl.create_default_context(cafile=running.ca_file)
        with (
            socket.create_connection(("127.0.0.1", ports(other)[0])) as sock,
            pytest.raises(ssl.SSLCertVerificationError),
        ):
            context.wrap_socket(sock, server_hostname="localhost")


def test_the_authority_file_is_private_and_removed() -> None:
    with start() as running:
        assert running.ca_file.parent.stat().st_mode & 0o077 == 0
        assert running.ca_file.read_text().startswith("-----BEGIN CERTIFICATE-----")
        assert [path.name for path in running.ca_file.parent.iterdir()] == ["ca.pem"]
    assert not running.ca_file.parent.exists()


def test_closing_frees_ports_and_thread() -> None:
    running = start()
    https, http_ = ports(running)
    running.close()
    running.close()
    for port in (https, http_):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
    assert "connect-reference" not in {t.name for t in threading.enumerate() if t is running._thread}
    with start(https_port=https, http_port=http_) as again:
        assert ports(again) == (https, http_)


def test_a_port_in_use_is_an_error_that_leaves_nothing_behind(running: Running) -> None:
    with pytest.raises(OSError, match="in use"):
        start(http_port=ports(running)[1])
    gc.collect()


def test_closing_is_prompt_whatever_clients_do() -> None:
    running = start()
    https, http_ = ports(running)
    context = ssl.create_default_context(cafile=running.ca_file)
    kept = http.client.HTTPSConnection("127.0.0.1", https, context=context)
    kept.request("GET", f"/{running.token}{QUERY}")
    kept.getresponse().read()
    silent = socket.create_connection(("127.0.0.1", https))
    halfway = socket.create_connection(("127.0.0.1", http_))
    halfway.sendall(b"POST /abc HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nXML")
    with start() as other:  # time for the first to see its clients, without a pause of unknown length
        other_client = http.client.HTTPConnection("127.0.0.1", ports(other)[1])
        other_client.request("GET", "/")
        other_client.getresponse().read()
        other_client.close()
    began = time.monotonic()
    running.close()
    assert time.monotonic() - began < 1
    for client in (silent, halfway, kept):
        client.close()
    gc.collect()


def test_it_serves_many_at_once(client: Client) -> None:
    with ThreadPoolExecutor(16) as pool:
        replies = list(pool.map(lambda _: client.call(QUERY), range(200)))
    assert all(reply.success for reply in replies)


def test_small_answers_are_not_delayed(client: Client) -> None:
    """TCP_NODELAY: with Nagle's algorithm and delayed acknowledgements each call takes 40 ms."""
    connection = client.connect(secure=False)
    began = time.monotonic()
    for _ in range(50):
        connection.request("GET", f"/abc{QUERY}")
        connection.getresponse().read()
    connection.close()
    assert time.monotonic() - began < 1


def test_a_failed_handshake_disturbs_nobody(client: Client) -> None:
    for nonsense in (b"", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x05hello"):
        with socket.create_connection(("127.0.0.1", ports(client.running)[0])) as sock:
            sock.sendall(nonsense)
    assert client.call(QUERY).success


def test_signals_are_left_alone() -> None:
    code = (
        "import signal\nbefore = [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)]\n"
        "from conformance.reference import start\n"
        "with start():\n    assert before == [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)]\n"
    )
    assert run_alone(code) == (0, "")


def test_importing_loads_no_server() -> None:
    code = (
        "import sys, conformance.reference\n"
        "loaded = {'uvicorn', 'trustme', 'asyncio', 'ssl', 'httpx', 'lxml'} & sys.modules.keys()\n"
        "assert not loaded, loaded\n"
        "import conformance.reference.app, conformance.reference.listen\n"
        "ours = {name for name in sys.modules if name.startswith('conformance')}\n"
        "strangers = {n for n in ours if not n.startswith('conformance.reference')} - {'conformance'}\n"
        "assert not strangers, strangers\n"
    )
    assert run_alone(code) == (0, "")
