"""Signing in with a name and a password, with patience for typing errors and none for guessing."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network, ip_address

from agent.limits import Deed, Rates
from agent.people.sign_ins import NewSignIn, SignIns
from agent.people.users import User, Users, folded

__all__ = ["Door"]

MOST_NAME_CHARACTERS = 200
IPV6_HOME_BITS = 64
"""What one household gets of addresses."""


@dataclass(frozen=True, kw_only=True)
class Door:
    """An attempt counts for its name and its address before it is looked at; one that succeeds does not."""

    users: Users
    sign_ins: SignIns
    rates: Rates

    def enter(self, name: str, password: str, address: str) -> NewSignIn:
        """Raises SignInRefused, TooBusy."""
        user = self.check(name, password, address)
        return self.sign_ins.open(user.owner, user.name)

    def check(self, name: str, password: str, address: str) -> User:
        """Raises SignInRefused, TooBusy."""
        who, where = folded(name)[:MOST_NAME_CHARACTERS], neighbourhood(address)
        self.rates.count(Deed.SIGN_IN_BY_ADDRESS, where)
        self.rates.count(Deed.SIGN_IN_BY_NAME, who)
        user = self.users.check(name, password)
        self.rates.give_back(Deed.SIGN_IN_BY_ADDRESS, where)
        self.rates.give_back(Deed.SIGN_IN_BY_NAME, who)
        return user


def neighbourhood(address: str) -> str:
    """The address, or the network of those that one household may choose from."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return str(IPv6Network((parsed, IPV6_HOME_BITS), strict=False))
    return address
