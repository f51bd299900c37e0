"""The call with FastAPI: GET /err-008-new/TOKEN?action=get_list_callback, answered by lxml; a wrong token is 401."""

import os
import secrets
import time
from typing import Annotated

from fastapi import FastAPI, Header, HTTPException, Query, Request, Response
from lxml import etree
from lxml.builder import E

ERRORS = {
    "004": "Source IP address blocked",
    "007": "Command not allowed",
    "008": "Connect API established",
    "009": "HTTP protocol not allowed, require HTTPS",
    "999": "Unknown error",
}
TYPES = {0: "HTTP GET", 1: "HTTP POST", 2: "XML POST", 3: "XML GET", 5: "SOAP GET", 6: "SOAP POST"}

app = FastAPI(openapi_url=None)


def envelope(error: str | None = None) -> Response:
    if error:
        content = [E.Result("Error"), E.Error(error), E.Description(ERRORS[error])]
    else:
        pairs = [E.Value(E.callback_type_id(str(i)), E.callback_type(name)) for i, name in TYPES.items()]
        content = [E.Result("Success"), E.Values(*pairs)]
    root = E.ClICKATELLSDK(E.Action("get_list_callback"), *content, E.Timestamp(str(int(time.time()))))
    document = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return Response(document, media_type="text/xml", headers={"Cache-Control": "no-store"})


@app.get("/err-008-new/{token}")
async def call(
    token: str,
    request: Request,
    action: Annotated[list[str], Query(default_factory=list)],
    x_test_state: Annotated[str, Header()] = "",
) -> Response:
    if request.url.scheme != "https":
        return envelope("009")
    if not secrets.compare_digest(token.encode(), os.environ["TOKEN"].encode()):
        raise HTTPException(401)
    if x_test_state in ERRORS:
        return envelope(x_test_state)
    return envelope(None if action == ["get_list_callback"] else "999")
