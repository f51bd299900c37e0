"""docs/hostile.md: the table of hostile endpoints is the catalogue's, and the same on every machine."""

import re
from pathlib import Path

from tests.hostile.catalogue import ALONE
from tests.hostile.registry import BEHAVIOURS

PAGE = (Path(__file__).parents[1] / "docs" / "hostile.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| .* <br> `(\w+)` \| (.*) \| ([0-9]+) \|$", PAGE, re.MULTILINE)


def test_every_behaviour_is_listed_once() -> None:
    """In a row of its own, or in the row of a medley. After a change: `python -m tests.hostile.measure`."""
    assert sorted(name for name, *_ in ROWS) == sorted(ALONE)
    assert sorted(re.findall(r"`(\w+)`(?=.* <br> `medley_)", PAGE)) == sorted(set(BEHAVIOURS) - set(ALONE))


def test_every_row_says_something_and_ends_with_a_verdict() -> None:
    for name, says, exit_code in ROWS:
        assert says.strip(), name
        assert int(exit_code) in BEHAVIOURS[name].exits, name
