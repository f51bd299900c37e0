"""What goes out and comes back: the only part of the suite that talks to an endpoint."""

import sys
from importlib.util import find_spec

# Where rich is installed, httpx imports its own command line with it: a tenth of a second that no run needs.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
# httpcore looks for it four times a request. What is not installed would be searched in every folder each time, which
# takes a third of the time that sending takes.
if find_spec("sniffio") is None:
    sys.modules["sniffio"] = None  # type: ignore[assignment]
