"""The call with FastAPI as a form post; uvicorn takes the scheme from nginx, which sets it from what it knows."""

import os
import secrets
import time
from urllib.parse import parse_qs
from xml.sax import ContentHandler, SAXException, parseString

from fastapi import FastAPI, Request, Response

ERRORS = {
    "004": "Source IP address blocked",
    "007": "Command not allowed",
    "008": "Connect API established",
    "009": "HTTP protocol not allowed, require HTTPS",
    "999": "Unknown error",
}
TYPES = {0: "HTTP GET", 1: "HTTP POST", 2: "XML POST", 3: "XML GET", 5: "SOAP GET", 6: "SOAP POST"}
CALL = ["<clickatellsdk>", "<action>", "get_list_callback", "</action>", "</clickatellsdk>"]

app = FastAPI(openapi_url=None)


class Parts(ContentHandler):
    """What a document consists of: tags with the names of their attributes, and text that is no white space."""

    def __init__(self) -> None:
        super().__init__()
        self.parts, self.text = [], ""

    def tag(self, part):
        self.parts += [self.text, part] if self.text.strip() else [part]
        self.text = ""

    def startElement(self, name, attrs):  # noqa: N802
        self.tag(f"<{' '.join([name, *attrs.getNames()])}>")

    def endElement(self, name):  # noqa: N802
        self.tag(f"</{name}>")

    def characters(self, content):
        self.text += content


def envelope(error: str | None = None) -> Response:
    if error:
        content = f"<Result>Error</Result><Error>{error}</Error><Description>{ERRORS[error]}</Description>"
    else:
        value = "<Value><callback_type_id>{}</callback_type_id><callback_type>{}</callback_type></Value>".format
        pairs = "".join(value(number, name) for number, name in TYPES.items())
        content = f"<Result>Success</Result><Values>{pairs}</Values>"
    action, now = "<Action>get_list_callback</Action>", f"<Timestamp>{int(time.time())}</Timestamp>"
    return Response(f"<ClICKATELLSDK>{action}{content}{now}</ClICKATELLSDK>", media_type="text/xml")


def asks_for_the_list(document: str) -> bool:
    found = Parts()
    try:
        parseString(document.encode(), found)
    except SAXException:
        return False
    return found.parts == CALL


@app.api_route("/{token}", methods=["GET", "POST"])
async def call(token: str, request: Request) -> Response:
    if request.url.scheme != "https":
        return envelope("009")
    if not secrets.compare_digest(token.encode(), os.environ["TOKEN"].encode()):
        return Response(status_code=404)
    if (state := request.headers.get("X-Test-State")) in ERRORS:
        return envelope(state)
    fields = parse_qs((await request.body()).decode("utf-8", "replace"))
    return envelope(None if asks_for_the_list(fields.get("XML", [""])[0]) else "999")
