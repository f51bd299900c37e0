"""What is sent of a further call. The transport, and what reads every request, are looked at with the first one."""

from __future__ import annotations

OF_A_FURTHER_CALL = (
    *("documented-[1-4]", "documented-last-1", "binding-*", "control-*", "state-*-[12]", "printed*"),
    "plain-kept-1",
    *(
        "action-unknown",
        "action-longer",
        "action-upper-case",
        "action-wildcard",
        "action-empty",
        "action-none",
    ),
    *("malformed-cut-short", "malformed-attribute-without-quotes", "malformed-unknown-entity"),
    *(
        "explored-malformed-1",
        "malformed-control-character",
        "malformed-two-dashes-in-comment",
        "malformed-text-after",
    ),
    *("spelling-declaration-with-encoding", "spelling-white-space", "spelling-comments", "spelling-cdata"),
    *("spelling-character-references", "schema-wrong-root", "schema-action-twice", "schema-second-action"),
    *("schema-unknown-child", "schema-attribute-on-root", "schema-namespace", "schema-parameter-*"),
    *(
        "parameter-*",
        "default-*",
        "group-*",
        "beside-*",
        "order-*",
        "spelled-action-*",
        "wrong-token",
        "value-*",
    ),
)
