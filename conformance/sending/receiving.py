"""Reads what comes back over a connection, within a size: an answer, or why there is none."""

from __future__ import annotations

import re

import anyio
import httpcore
import httpx

from conformance.contract.quoting import clip
from conformance.evidence.exchange import Answer, Loss
from conformance.sending.allowance import KEPT, Allowance
from conformance.sending.coding import decoded
from conformance.sending.failure import LineFailed
from conformance.sending.line import Meter

HEAD = 100 * 1024  # bytes of a head that h11 accepts; the wire cap leaves room for it
_NGINX_DEMANDS = re.compile(rb"No required SSL certificate was sent|The SSL certificate error")
_TOO_LONG = "Receive buffer too long"  # h11's word for it


async def received(response: httpx.Response, meter: Meter, allowance: Allowance) -> Answer:
    """The answer, its body read within the allowance. Raises LineFailed, and what httpcore raises."""
    cap = allowance.cap
    raw, unread = await _read(response, meter, allowance, cap)
    headers = tuple((n.decode("latin-1"), v.decode("latin-1")) for n, v in response.headers.raw)
    reason = response.extensions.get("reason_phrase", b"").decode("latin-1")
    body, broken = raw[:KEPT], ""
    if not unread:
        codings = ", ".join(value for name, value in headers if name.lower() == "content-encoding")
        body, unread, broken = decoded(raw, codings, cap)
        allowance.spend(max(0, len(body) - len(raw)))
    if demanded := _demands_a_certificate(response.status_code, body):
        raise LineFailed(
            "client-cert", f"the server demands a client certificate (`client_cert`): HTTP 400, {demanded!r}"
        )
    answer = Answer(
        status=response.status_code,
        reason=reason,
        http_version=response.extensions.get("http_version", b"").decode("latin-1"),
        headers=headers,
        body=body,
        wire_bytes=len(raw),
        unread=unread,
        broken=broken,
        surplus=meter.surplus,
    )
    if answer.status == 408 and not answer.envelope.recognised:  # RFC 9110 section 15.5.9: it waited in vain
        raise LineFailed("closed", "the connection was closed as an idle one (HTTP 408)")
    return answer


async def _read(response: httpx.Response, meter: Meter, allowance: Allowance, cap: int) -> tuple[bytes, str]:
    """The octets of the body, and why it was not read to its end."""
    chunks, size, unread = [], 0, ""
    if response.status_code == 101:
        unread = "the server switches to another protocol, which is not read"
    try:
        async for chunk in response.aiter_raw():
            meter.stage = "reading the body"
            chunks.append(chunk)
            size += len(chunk)
            allowance.spend(len(chunk))
            if refused := allowance.refused(size, cap):
                unread = refused
                break
    except httpcore.RemoteProtocolError as error:
        unread = _torn(str(error), size)
    except httpcore.ReadError:
        unread = _torn("closed", size)
    finally:
        with anyio.move_on_after(1, shield=True):
            await response.aclose()
    return b"".join(chunks), unread


def _demands_a_certificate(status: int, body: bytes) -> str:
    """What a page says by which nginx asks for the certificate of its client; "" where it does not."""
    found = _NGINX_DEMANDS.search(body[:4_096]) if status == 400 else None
    return found[0].decode() if found else ""


def protocol_loss(message: str, meter: Meter) -> Loss:
    """What broke HTTP, told from a connection that merely went away, and from a limit of ours."""
    if "disconnected" in message.lower():
        when = "in the middle of the head" if meter.received else "without an answer"
        return Loss("closed", f"the connection was closed {when}")
    if meter.exceeded or _TOO_LONG in message:
        return Loss(
            "too-large", f"the head of the answer is larger than {HEAD >> 10} KiB, the most that the suite reads"
        )
    message = message.replace("request line", "status line")  # h11 has one word for both
    message = clip(re.sub(r"bytearray\(b(['\"])(.*)\1\)", r"\2", message), 120)
    return Loss("malformed", f"the answer is not HTTP/1.1: {message}")


def _torn(message: str, size: int) -> str:
    """Why a body could not be read to its end."""
    if _TOO_LONG in message:
        return f"a chunk's line or a trailer is larger than {HEAD >> 10} KiB, the most that the suite reads"
    if "closed" in message:
        return f"the body was cut short: the connection closed after {size} bytes of it"
    return f"the body was cut short: after {size} bytes it is not framed as HTTP/1.1: {clip(message, 120)}"
