"""What goes out and comes back: the only part of the suite that talks to an endpoint.

A `session` is what is shared; `wire` sends a plan in its phases, `pool` what goes side by side. A `worker` asks again
as `policy` says, a `caller` sends one request (`composing`) and records what comes (`receiving`). Below: `transport`,
`connect`, `line`, `tls`, `tunnel`. `pace` and `throttle` hold back; `recorded` makes evidence of it all.
"""

import sys
from importlib.util import find_spec

# Where rich is installed, httpx imports its own command line with it: a tenth of a second that no run needs.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
# httpcore looks for it four times a request. What is not installed would be searched in every folder each time, which
# takes a third of the time that sending takes.
if find_spec("sniffio") is None:
    sys.modules["sniffio"] = None  # type: ignore[assignment]
