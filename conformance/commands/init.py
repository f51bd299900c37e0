"""`init`: a configuration file to begin with. Every key stands in it, commented out where the default will do."""

from __future__ import annotations

import argparse
from pathlib import Path

from conformance.reporting.output import say
from conformance.target.configuration import CONFIG_NAME, ConfigError

TEMPLATE = """\
# What connect-conformance judges, and how it gets there. A key that is commented out has the value shown, unless its
# comment says otherwise. ${NAME} stands for the environment variable NAME, also in headers, states and commands; a
# missing one is an error. So no secret stands in this file, and it can be kept under version control.
#
#   connect-conformance doctor --target staging     can it be reached, and what would a run cost?
#   connect-conformance run --target staging        judge it, and write the reports
#
# More targets: a table [targets.NAME] for each. `run --all-targets` judges them all.

[targets.staging]
# Where requests go: HTTPS, the token as the last part of the path.
endpoint = "https://staging.example.com/${CONNECT_TOKEN}"

# Where plain HTTP is tried, with a random token, never the endpoint's. Default: the endpoint's host, port 80.
# http_endpoint = "http://staging.example.com/"

# A valid token that may be shown to the clear, for plain HTTP. Default: a random one, which may be refused as a token.
# http_token = "${THROWAWAY_TOKEN}"

# How the request travels: query-xml, form-xml, body-xml or query-params.
# binding = "query-xml"

# CA certificates to trust, a path seen from this file. Default: the certificates that this machine trusts.
# ca_file = "ca.pem"

# A certificate to show and its key, for mutual TLS, as PEM files; the key may also stand in the certificate's file.
# client_cert = "client.pem"
# client_key = "client.key"

# Seconds for one whole exchange: name, connection, TLS, request and answer.
# timeout = 10.0

# Header fields sent with every request. Default: none. The values of names such as Authorization are kept secret.
# headers = { "X-Env" = "staging", "Authorization" = "Bearer ${GATEWAY_KEY}" }

# What else is to be kept out of everything that is written. A secret is known by its place and its name: the last part
# of the endpoint's path, headers, parameters and variables named like one (token, key, secret, password, auth, cookie,
# session, credential), user and password of a proxy. `doctor` lists those that it found. Default: nothing else.
# secrets = ["${ACCOUNT_NUMBER}"]

# Seconds by which the endpoint's clock may differ from this machine's.
# clock_tolerance = 300.0

# Seconds in which the endpoint is expected to answer (advisory).
# answer_budget = 2.0

# Interpretations of the page that this target is allowed, by id, e.g. ["I-04"]; see schemas/interpretations.toml.
# accept = []

# A proxy to go through, e.g. "http://proxy.example.com:3128". Default: none; the environment's is not used.
# proxy = ""

# The local address to send from, e.g. "192.0.2.7". Default: the system's choice.
# source_address = ""

# Whether requests that attack an XML processor are sent: external entities, entity expansion, an oversized document.
# allow_hostile_requests = false

# Bytes of a body that are read at most.
# max_body = 2097152

# Requests side by side. 1 for an endpoint that wants them one by one.
# concurrency = 8

# The names of code and message in the error envelope, which the page describes without naming them.
# error_element = "Error"
# description_element = "Description"

# Some errors come only in a state that cannot be brought about from outside: a blocked address (004), a disabled
# command (007) or API (008), an unknown error (999). Without its table the requirements of a state stay open, and a run
# ends inconclusive. A table needs at least one of the keys; these are examples of all of them.

# [targets.staging.states.004]
# source_address = "192.0.2.7"
# proxy = "http://blocked.example.com:3128"

# [targets.staging.states.007]
# headers = { "X-Test-State" = "command-disabled" }

# `setup` is a command, run before the state's requests, and `teardown` one that is always run after them; either may
# take `timeout` seconds. They start from the folder of this file.
# [targets.staging.states.008]
# setup = ["./disable-the-api", "on"]
# teardown = ["./disable-the-api", "off"]
# timeout = 30.0

# [targets.staging.states.999]
# endpoint = "https://staging.example.com/broken/${CONNECT_TOKEN}"
"""


def run(options: argparse.Namespace) -> int:
    """Write the file; one that exists is left alone unless told otherwise."""
    file: Path = options.config or Path(CONFIG_NAME)
    try:
        with file.open("w" if options.force else "x", encoding="utf-8", newline="\n") as out:
            out.write(TEMPLATE)
    except FileExistsError:
        raise ConfigError(f"{file} exists and is left as it is; `--force` overwrites it") from None
    except OSError as error:
        raise ConfigError(
            f"cannot write {file}: {error.strerror}; allowed: a file in a folder that exists"
        ) from None
    elsewhere = "" if options.config is None else f" --config {file}"
    say(
        f"{file} written. Put the endpoint into it and the token into the environment (CONNECT_TOKEN), then:\n"
        f"  connect-conformance doctor --target staging{elsewhere}\n"
    )
    return 0
