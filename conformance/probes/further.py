"""What is sent of a further call: what one call alone may do otherwise than the others.

The transport, the layout in a URL, what reads XML and what names no call are looked at with the first call of a run.
"""

from __future__ import annotations

OF_A_FURTHER_CALL = (
    *("documented-[15]", "documented-last-1", "binding-segment", "binding-form-xml", "binding-query-params"),
    *("state-*-[12]", "plain-kept-1", "wrong-token", "spelled-action-*", "order-*"),
    *("action-longer", "action-upper-case"),
    *("malformed-cut-short", "malformed-character-after", "spelling-comments", "spelling-parameters"),
    *("schema-unknown-child", "schema-parameter-*"),
    *("parameter-*", "allowed-*", "default-*", "group-*", "beside-*", "value-*"),
)
