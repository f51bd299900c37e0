"""What an owner of the reference endpoint tells those who test: values that its calls about accounts accept."""

from __future__ import annotations

from conformance.reference.accounts import PASSWORD
from conformance.reference.captchas import PREPARED, SOLVES_ANY

# By the name of a parameter, or of a call and its parameter: as in the table `values` of a target. Each call is good
# once, in the order in which a new account meets them.
VALUES = {
    "user": "conformance",
    "password": PASSWORD,
    "register.user": "somebody",
    "register.email_address": "somebody@example.com",
    "resend_email_activation.user": "newcomer",
    "resend_email_activation.email_address": "newcomer@example.com",
    "send_activation_sms.user": "halfway",
    "validate_activation_sms.user": "halfway",
    "validate_activation_sms.sms_activation_code": "00002",
    "forgot_password.user": "forgetful",
    "forgot_password.email_address": "forgetful@example.com",
    "captcha_code": SOLVES_ANY,
}

# The same for who tries a line by hand, and asks for no captcha before.
AT_ONCE = VALUES | {"register.captcha_id": PREPARED[0], "forgot_password.captcha_id": PREPARED[1]}

# How people get what a person would read from an image, a handset or a mailbox.
HINTS = (
    ("Login", "conformance, halfway (no SMS activation) and newcomer (none at all); each with Secret123"),
    (
        "Code",
        (
            f"of a captcha: the first five digits of its id, in capitals, or {SOLVES_ANY};"
            " of an SMS: the last five of the number"
        ),
    ),
    ("Mail", "{activation}/USER is the link in an activation e-mail; a new password is New and the account's number"),
)
