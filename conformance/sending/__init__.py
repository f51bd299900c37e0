"""What goes out and comes back: the only part of the suite that talks to an endpoint."""

import sys

# Where rich is installed, httpx imports its own command line with it: a tenth of a second that no run needs.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
