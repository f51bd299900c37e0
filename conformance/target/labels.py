"""Who and what was judged, in words of whoever runs the suite: labels of the target, and what CI says by itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.target.values import Values

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,39}")
_LONGEST = 200  # characters of a label
# What CI systems say of a build, by the variable that shows which of them it is.
_SYSTEMS: Mapping[str, Mapping[str, str]] = {
    "GITHUB_ACTIONS": {
        "commit": "${GITHUB_SHA}",
        "branch": "${GITHUB_REF_NAME}",
        "build": "${GITHUB_RUN_ID}",
        "build_url": "${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID}",
    },
    "GITLAB_CI": {
        "commit": "${CI_COMMIT_SHA}",
        "branch": "${CI_COMMIT_REF_NAME}",
        "build": "${CI_PIPELINE_ID}",
        "build_url": "${CI_JOB_URL}",
    },
    "JENKINS_URL": {
        "commit": "${GIT_COMMIT}",
        "branch": "${GIT_BRANCH}",
        "build": "${BUILD_NUMBER}",
        "build_url": "${BUILD_URL}",
    },
    "BUILDKITE": {
        "commit": "${BUILDKITE_COMMIT}",
        "branch": "${BUILDKITE_BRANCH}",
        "build": "${BUILDKITE_BUILD_NUMBER}",
        "build_url": "${BUILDKITE_BUILD_URL}",
    },
    "CIRCLECI": {
        "commit": "${CIRCLE_SHA1}",
        "branch": "${CIRCLE_BRANCH}",
        "build": "${CIRCLE_BUILD_NUM}",
        "build_url": "${CIRCLE_BUILD_URL}",
    },
    "TF_BUILD": {
        "commit": "${BUILD_SOURCEVERSION}",
        "branch": "${BUILD_SOURCEBRANCHNAME}",
        "build": "${BUILD_BUILDID}",
    },
    "TEAMCITY_VERSION": {"commit": "${BUILD_VCS_NUMBER}", "build": "${BUILD_NUMBER}"},
}
SIGNS = tuple(_SYSTEMS)  # variables by which CI systems show themselves
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")


def of_ci(environment: Mapping[str, str]) -> dict[str, str]:
    """The labels that follow from the variables of the CI system, if there is one; those that it does not say, not."""
    for sign, templates in _SYSTEMS.items():
        if environment.get(sign):
            known = {
                name: template
                for name, template in templates.items()
                if all(environment.get(v) for v in _VARIABLE.findall(template))
            }
            return {
                name: _VARIABLE.sub(lambda found: environment[found[1]], template)[:_LONGEST]
                for name, template in known.items()
            }
    return {}


def labelled(values: Values, said: Mapping[str, str]) -> dict[str, str]:
    """The labels of a target: what CI says, and what the user says, which is stronger. Raises ConfigError."""
    found = {name: values.secrets.redact(text) for name, text in of_ci(values.environment).items()}
    for name, text in said.items():
        if not _NAME.fullmatch(name):
            allowed = "a letter, then up to 39 letters, digits, _, - and ."
            raise values.wrong("labels", f"{name!r} is no name of a label", allowed)
        key = f"labels.{name}"
        filled = values.filled(text, key)
        if not filled.strip() or len(filled) > _LONGEST or not filled.isprintable():
            raise values.wrong(key, "it is empty, too long or not printable", f"up to {_LONGEST} printable characters")
        found[name] = values.secrets.redact(values.secrets.shown(values.any(text, key)))
    return found
