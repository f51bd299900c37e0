"""The call with the standard library alone, behind nginx, which lets in who has a certificate and says the scheme."""

import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

ERRORS = {
    "004": "Source IP address blocked",
    "007": "Command not allowed",
    "008": "Connect API established",
    "009": "HTTP protocol not allowed, require HTTPS",
    "999": "Unknown error",
}
TYPES = {0: "HTTP GET", 1: "HTTP POST", 2: "XML POST", 3: "XML GET", 5: "SOAP GET", 6: "SOAP POST"}


def asks_for_the_list(document: str) -> bool:
    try:
        root = ET.fromstring(document.encode())
    except ET.ParseError:
        return False
    beside = "".join([root.text or "", *(child.tail or "" for child in root)])
    elements = [(e.tag, dict(e.attrib), len(e)) for e in root.iter()]
    return (
        elements == [("clickatellsdk", {}, 1), ("action", {}, 0)]
        and root[0].text == "get_list_callback"
        and not beside.strip()
        and "<!DOCTYPE" not in document
    )


def envelope(error: str | None) -> bytes:
    if error:
        content = f"<Result>Error</Result><Error>{error}</Error><Description>{ERRORS[error]}</Description>"
    else:
        value = "<Value><callback_type_id>{}</callback_type_id><callback_type>{}</callback_type></Value>"
        content = f"<Result>Success</Result><Values>{''.join(value.format(*pair) for pair in TYPES.items())}</Values>"
    end = f"<Timestamp>{int(time.time())}</Timestamp></ClICKATELLSDK>"
    return f"<ClICKATELLSDK><Action>get_list_callback</Action>{content}{end}".encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("utf-8", "replace")
        state = self.headers.get("X-Test-State")
        fields = parse_qs(urlsplit(self.path).query if self.command == "GET" else body)
        if self.headers.get("X-Scheme") != "https":
            error = "009"
        elif state in ERRORS:
            error = state
        else:
            error = None if asks_for_the_list(fields.get("XML", [""])[0]) else "999"
        document = envelope(error)
        self.send_response(200)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(document)))
        self.end_headers()
        self.wfile.write(document)

    do_POST = do_GET  # noqa: N815


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["BACKEND_PORT"])), Handler).serve_forever()
