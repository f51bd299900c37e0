"""A headless Chromium, spoken to over a pipe: what a page does when somebody opens it."""

import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

BINARY = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUIET = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-domain-reliability", "--metrics-recording-only", "--no-default-browser-check",
    "--disable-client-side-phishing-detection", "--disable-extensions", "--no-pings", "--disable-breakpad",
    "--disable-features=OptimizationHints,MediaRouter,Translate,AutofillServerCommunication",
    "--dns-prefetch-disable", "--remote-debugging-pipe",
)  # fmt: skip
PATIENCE = 60.0


class Browser:
    """The DevTools protocol over file descriptors 3 and 4: JSON, a NUL behind each message."""

    def __init__(self, profile: Path) -> None:
        if BINARY is None:
            raise FileNotFoundError("no chromium")
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        # The shell puts the two ends where Chromium looks for them, whatever their numbers are here.
        wiring = f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}'
        self._process = subprocess.Popen(
            ["/bin/bash", "-c", wiring, "bash", BINARY, *QUIET, f"--user-data-dir={profile}", "about:blank"],
            pass_fds=[theirs_in, theirs_out],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._rest, self._last, self._session = b"", 0, ""
        self.events: list[dict[str, Any]] = []

    def close(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._in)
        os.close(self._out)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = self._send(method, parameters)
        deadline = time.monotonic() + PATIENCE
        while True:
            answer = self._next(deadline)
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return dict(answer["result"])
            self._note(answer)

    def _send(self, method: str, parameters: dict[str, Any]) -> int:
        self._last += 1
        message: dict[str, Any] = {"id": self._last, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        return self._last

    def _note(self, event: dict[str, Any]) -> None:
        self.events.append(event)
        if event.get("method") == "Page.javascriptDialogOpening":  # it would wait for somebody's click
            self._send("Page.handleJavaScriptDialog", {"accept": True})

    def _next(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._in], [], [], deadline - time.monotonic())
            data = os.read(self._in, 1 << 20) if ready else b""
            if not data:
                raise TimeoutError("chromium does not answer")
            self._rest += data
        message, _, self._rest = self._rest.partition(b"\0")
        return dict(json.loads(message))

    def open(self, path: Path) -> None:
        """Open a file in a fresh tab, and wait until it has loaded."""
        self._session = ""
        self.events.clear()
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        self.call("Page.navigate", url=path.as_uri())
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self._note(self._next(time.monotonic() + PATIENCE))

    def ask(self, script: str) -> Any:
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(str(result["exceptionDetails"]))
        return result["result"].get("value")

    def dialogs(self) -> list[str]:
        opened = [event for event in self.events if event.get("method") == "Page.javascriptDialogOpening"]
        return [event["params"]["message"] for event in opened]

    def requests(self) -> list[str]:
        """Every address that the page asked for, other than its own file and data: URLs."""
        sent = [event for event in self.events if event.get("method") == "Network.requestWillBeSent"]
        addresses = [str(event["params"]["request"]["url"]) for event in sent]
        harmless = ("file:", "data:", "blob:", "about:")
        return [address for address in addresses if not address.startswith(harmless)]


@contextlib.contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    opened = Browser(profile)
    try:
        yield opened
    finally:
        opened.close()
