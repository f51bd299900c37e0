"""`--shard K/N`, and `--shard auto`: which of how many parts of the targets a job is to judge."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Mapping
from typing import NamedTuple

Shard = tuple[int, int]  # the K-th of N parts, K from 1


class Server(NamedTuple):
    """Where jobs learn which of how many they are. first: the number of the first one."""

    name: str
    number: str
    total: str
    first: int


# Kubernetes tells an indexed Job its index alone; its manifest has to say the total (`spec.completions`) once more.
SERVERS = (
    Server("GitLab CI", "CI_NODE_INDEX", "CI_NODE_TOTAL", 1),
    Server("Buildkite", "BUILDKITE_PARALLEL_JOB", "BUILDKITE_PARALLEL_JOB_COUNT", 0),
    Server("CircleCI", "CIRCLE_NODE_INDEX", "CIRCLE_NODE_TOTAL", 0),
    Server("Azure Pipelines", "SYSTEM_JOBPOSITIONINPHASE", "SYSTEM_TOTALJOBSINPHASE", 1),
    Server("Kubernetes", "JOB_COMPLETION_INDEX", "JOB_COMPLETIONS", 0),
)


def read_shard(text: str) -> Shard:
    """What the option says. Raises argparse.ArgumentTypeError."""
    if text == "auto":
        return found(os.environ)
    said = re.fullmatch(r"([0-9]{1,5})/([0-9]{1,5})", text)
    if not said or not 1 <= int(said[1]) <= int(said[2]):
        raise argparse.ArgumentTypeError(f"{text!r} is not K/N with K from 1 to N, such as 2/5, nor auto")
    return int(said[1]), int(said[2])


def found(environment: Mapping[str, str]) -> Shard:
    """What the variables of a CI server say. Raises argparse.ArgumentTypeError where none does."""
    for server in SERVERS:
        number, total = environment.get(server.number, ""), environment.get(server.total, "")
        if number:
            return _read(server, number, total)
    if environment.get("GITLAB_CI") and environment.get("CI_NODE_TOTAL") == "1":
        return 1, 1  # a job of GitLab's without `parallel` has a total alone
    allowed = ", ".join(f"{one.number} with {one.total}" for one in SERVERS)
    raise argparse.ArgumentTypeError(f"auto finds no variable of a CI server; allowed: K/N, or {allowed}")


def _read(server: Server, number: str, total: str) -> Shard:
    if not total:
        raise argparse.ArgumentTypeError(
            f"auto finds {server.number} but not {server.total}; allowed: both, the second the number of jobs"
        )
    whole = all(re.fullmatch(r"[0-9]{1,5}", text) for text in (number, total))
    last = int(total) - 1 + server.first if whole else 0
    if not whole or not server.first <= int(number) <= last:
        raise argparse.ArgumentTypeError(
            f"auto finds {server.number}={number!r} and {server.total}={total!r}; allowed for {server.name}: whole"
            f" numbers, the first from {server.first} to {f'{server.total} - 1' if not server.first else server.total}"
        )
    return int(number) + 1 - server.first, int(total)
