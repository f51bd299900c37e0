"""The call with the standard library alone: one port behind stunnel, one in the clear, a thread for each call."""

import hmac
import os
import threading
import time
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from xml.parsers import expat

ERRORS = {
    "004": "Source IP address blocked",
    "007": "Command not allowed",
    "008": "Connect API established",
    "009": "HTTP protocol not allowed, require HTTPS",
    "999": "Unknown error",
}
TYPES = {0: "HTTP GET", 1: "HTTP POST", 2: "XML POST", 3: "XML GET", 5: "SOAP GET", 6: "SOAP POST"}
CALL = ["<clickatellsdk", "<action", "get_list_callback", ">", ">"]
LARGEST = 1 << 20


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 128


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nobody reads it."""


def parts(document: bytes) -> list[str]:
    """Start tags with the names of their attributes, texts, end tags; nothing where a document type is declared."""
    found: list[str] = []
    text: list[str] = []

    def tag(part: str) -> None:
        if "".join(text).strip():
            found.append("".join(text))
        text.clear()
        found.append(part)

    def refuse(*_: object) -> None:
        raise ValueError("a document type")

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = lambda name, attributes: tag(" ".join([f"<{name}", *attributes]))
    parser.EndElementHandler = lambda _: tag(">")
    parser.CharacterDataHandler = text.append
    parser.Parse(document, True)
    return found


def asks_for_the_list(document: bytes) -> bool:
    try:
        return parts(document) == CALL
    except (expat.ExpatError, ValueError, LookupError):
        return False


def envelope(error: str | None) -> bytes:
    if error:
        content = f"<Result>Error</Result><Error>{error}</Error><Description>{ERRORS[error]}</Description>"
    else:
        value = "<Value><callback_type_id>{}</callback_type_id><callback_type>{}</callback_type></Value>"
        pairs = "".join(value.format(number, name) for number, name in TYPES.items())
        content = f"<Result>Success</Result><Values>{pairs}</Values>"
    now = f"<Timestamp>{int(time.time())}</Timestamp>"
    return f"<ClICKATELLSDK><Action>get_list_callback</Action>{content}{now}</ClICKATELLSDK>".encode()


def call(secure: bool) -> Callable[..., Iterable[bytes]]:
    def error(environ: dict[str, str], body: bytes) -> str | None:
        if not secure:
            return "009"
        token = environ["PATH_INFO"].lstrip("/").removesuffix("/get_list_callback")
        if not hmac.compare_digest(token.encode("latin-1"), os.environ["TOKEN"].encode()):
            return "999"
        state = environ.get("HTTP_X_TEST_STATE", "")
        return state if state in ERRORS else None if asks_for_the_list(body) else "999"

    def application(environ: dict, start_response: Callable[..., object]) -> Iterable[bytes]:
        length = environ.get("CONTENT_LENGTH") or "0"
        body = environ["wsgi.input"].read(min(int(length), LARGEST)) if length.isdecimal() else b""
        failed = error(environ, body)
        document = envelope(failed)
        headers = [("Content-Type", "text/xml; charset=utf-8"), ("Content-Length", str(len(document)))]
        start_response("403 Forbidden" if failed else "200 OK", headers)
        return [document]

    return application


def main() -> None:
    clear = make_server("127.0.0.1", int(os.environ["HTTP_PORT"]), call(secure=False), Server, Quiet)
    behind = make_server("127.0.0.1", int(os.environ["BACKEND_PORT"]), call(secure=True), Server, Quiet)
    threading.Thread(target=clear.serve_forever, daemon=True).start()
    behind.serve_forever()


if __name__ == "__main__":
    main()
