"""The call with Flask: GET /TOKEN?XML=..., or the same field posted. gunicorn takes the scheme from nginx's header."""

import hmac
import os
import time
from xml.etree import ElementTree as ET

from flask import Flask, Response, abort, request

ERRORS = {
    "004": "Source IP address blocked",
    "007": "Command not allowed",
    "008": "Connect API established",
    "009": "HTTP protocol not allowed, require HTTPS",
    "999": "Unknown error",
}
TYPES = {0: "HTTP GET", 1: "HTTP POST", 2: "XML POST", 3: "XML GET", 5: "SOAP GET", 6: "SOAP POST"}

app = Flask(__name__)


def leaf(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = text


def envelope(error: str | None = None) -> Response:
    root = ET.Element("ClICKATELLSDK")
    leaf(root, "Action", "get_list_callback")
    leaf(root, "Result", "Error" if error else "Success")
    if error:
        leaf(root, "Error", error)
        leaf(root, "Description", ERRORS[error])
    else:
        values = ET.SubElement(root, "Values")
        for number, name in TYPES.items():
            value = ET.SubElement(values, "Value")
            leaf(value, "callback_type_id", str(number))
            leaf(value, "callback_type", name)
    leaf(root, "Timestamp", str(int(time.time())))
    return Response(ET.tostring(root, "utf-8", xml_declaration=True), mimetype="text/xml")


def asks_for_the_list(document: str) -> bool:
    """Exactly the documented request, whatever its layout."""
    try:
        root = ET.fromstring(document.encode())
    except ET.ParseError:
        return False
    [*children] = root
    return (
        "<!DOCTYPE" not in document
        and root.tag == "clickatellsdk"
        and [(child.tag, child.text, len(child)) for child in children] == [("action", "get_list_callback", 0)]
        and not any(element.attrib for element in root.iter())
        and not f"{root.text or ''}{children[0].tail or ''}".strip()
    )


@app.route("/<token>", methods=["GET", "POST"])
@app.route("/<token>/get_list_callback", methods=["GET", "POST"])
def call(token: str) -> Response:
    if not request.is_secure:
        return envelope("009")
    if not hmac.compare_digest(token.encode(), os.environ["TOKEN"].encode()):
        abort(404)
    if (state := request.headers.get("X-Test-State")) in ERRORS:
        return envelope(state)
    return envelope(None if asks_for_the_list(request.values.get("XML", "")) else "999")
