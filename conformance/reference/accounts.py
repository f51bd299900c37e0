"""Accounts of end users: who there is, who may log in, and what is counted until that is locked."""

from __future__ import annotations

from dataclasses import dataclass, field

PASSWORD = "Secret123"  # noqa: S105  of every account that is there from the start; documented
FIRST_NUMBER = 1234567
FAILURES_OF_AN_ACCOUNT = 2  # in a row; then its logins need a captcha (004)
FAILURES_OF_AN_ADDRESS = 10  # the same for a source address (003)
SMS_ATTEMPTS = 3  # the guide gives no number; then 102
CODE_DIGITS = 5
_MOBILES = 263000000000


@dataclass(slots=True)
class Account:
    """number: what answers call it. open: whether it may be used at all. failures: logins that failed in a row."""

    user: str
    email: str = ""
    mobile: str = ""
    number: str = ""
    password: str = PASSWORD
    open: bool = True
    email_active: bool = False
    sms_active: bool = False
    failures: int = 0
    sms_sent: int = 0
    connections: list[tuple[tuple[str, str], ...]] = field(default_factory=list)

    @property
    def sms_code(self) -> str:
        """What an activation SMS says: the last digits of the number it goes to, so that tests need no handset."""
        return self.mobile[-CODE_DIGITS:]

    @property
    def new_password(self) -> str:
        """What forgot_password sets and mails."""
        return f"New{self.number}"


def from_the_start() -> tuple[Account, ...]:
    """The accounts that an endpoint has when it starts: usable ones, two on the way to that, and a closed one."""
    made = {user: Account(user) for user in ("conformance", "halfway", "newcomer", "closed", "forgetful")}
    for place, account in enumerate(made.values(), 1):
        account.email, account.mobile = f"{account.user}@example.com", f"{_MOBILES + place}"
        account.email_active = account.user != "newcomer"
        account.sms_active = account.email_active and account.user != "halfway"
        account.open = account.user != "closed"
    return tuple(made.values())


class Accounts:
    """Those of one endpoint, and the counters of their logins."""

    def __init__(self) -> None:
        self._by_user: dict[str, Account] = {}
        self._failures: dict[str, int] = {}  # in a row, by source address
        for account in from_the_start():
            self.add(account)

    def add(self, account: Account) -> None:
        account.number = str(FIRST_NUMBER + len(self._by_user))
        self._by_user[account.user] = account

    def named(self, user: str) -> Account | None:
        return self._by_user.get(user)

    def has_email(self, address: str) -> bool:
        return any(account.email == address for account in self._by_user.values())

    def lock(self, user: str, address: str) -> str:
        """The error of a login without a captcha where one is required: 003, 004, or ""."""
        if self._failures.get(address, 0) >= FAILURES_OF_AN_ADDRESS:
            return "003"
        account = self._by_user.get(user)
        return "004" if account and account.failures >= FAILURES_OF_AN_ACCOUNT else ""

    def log_in(self, user: str, password: str, address: str) -> Account | None:
        """The account, where user and password match. Either way it counts."""
        account = self._by_user.get(user)
        if account is None or account.password != password:
            self._failures[address] = self._failures.get(address, 0) + 1
            if account:
                account.failures += 1
            return None
        self._failures.pop(address, None)
        account.failures = 0
        return account
