"""The call as a Django project in one file: the document is the body of the request."""

import os
import time
from xml.dom import minidom
from xml.parsers.expat import ExpatError

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1", "localhost"],
    MIDDLEWARE=["django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware"],
    ROOT_URLCONF=__name__,
    SECRET_KEY=os.urandom(16).hex(),
    SECURE_HSTS_SECONDS=3600,
    SECURE_PROXY_SSL_HEADER=("HTTP_X_FORWARDED_PROTO", "https"),
)

ERRORS = {
    "004": "Source IP address blocked",
    "007": "Command not allowed",
    "008": "Connect API established",
    "009": "HTTP protocol not allowed, require HTTPS",
    "999": "Unknown error",
}
TYPES = {0: "HTTP GET", 1: "HTTP POST", 2: "XML POST", 3: "XML GET", 5: "SOAP GET", 6: "SOAP POST"}


def envelope(error: str | None = None, status: int = 200) -> HttpResponse:
    document = minidom.Document()

    def add(parent: minidom.Node, name: str, text: str = "") -> minidom.Element:
        element = parent.appendChild(document.createElement(name))
        if text:
            element.appendChild(document.createTextNode(text))
        return element

    root = add(document, "ClICKATELLSDK")
    add(root, "Action", "get_list_callback")
    add(root, "Result", "Error" if error else "Success")
    if error:
        add(root, "Error", error)
        add(root, "Description", ERRORS[error])
    else:
        values = add(root, "Values")
        for number, name in TYPES.items():
            value = add(values, "Value")
            add(value, "callback_type_id", str(number))
            add(value, "callback_type", name)
    add(root, "Timestamp", str(int(time.time())))
    return HttpResponse(document.toxml("utf-8"), content_type="application/xml", status=status)


def action(body: bytes) -> str:
    """The action that a well-formed document names; children that nobody documented are passed over."""
    try:
        document = minidom.parseString(body)
    except ExpatError:
        return ""
    root = document.documentElement
    if document.doctype or root.tagName != "clickatellsdk":
        return ""
    actions = [child for child in root.childNodes if child.nodeName == "action"]
    texts = [node.data for node in actions[0].childNodes if isinstance(node, minidom.Text)] if actions else []
    return "".join(texts)


@csrf_exempt
def call(request: HttpRequest, token: str) -> HttpResponse:
    if not any(constant_time_compare(token, os.environ[name]) for name in ("TOKEN", "SPARE_TOKEN")):
        return envelope("999", 404)
    if not request.is_secure():
        return envelope("009", 403)
    state = request.headers.get("X-Test-State")
    if state in ERRORS:
        return envelope(state, 503 if state == "999" else 403)
    if action(request.body) != "get_list_callback":
        return envelope("999", 400)
    return envelope()


urlpatterns = [path("<str:token>", call), path("<str:token>/get_list_callback", call)]
application = get_wsgi_application()
