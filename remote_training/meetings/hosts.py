"""In which account at the provider the room of a class is kept."""

from __future__ import annotations

from remote_training.classes.models import Session
from remote_training.studies.current import study
from remote_training.studies.models import Site


def account_of(session: Session) -> str:
    """The provider's id of the host of a class; empty where the study file names none."""
    hosts = study().site(session.site.code).hosts
    accounts = {host.code: host.account for host in hosts}
    return accounts.get(session.host or "", "")


def others_of(session: Session) -> frozenset[str]:
    """The addresses at the provider of who may start the room of a class besides its host."""
    hosts = study().site(session.site.code).hosts
    named = {host.code: host.others for host in hosts}
    return frozenset(address.lower() for address in named.get(session.host or "", ()))


def is_missing(session: Session) -> bool:
    """Whether the site has accounts for its hosts, and none of them is named for this class."""
    return not account_of(session) and any(accounts_of(session.site))


def accounts_of(site: Site) -> list[str]:
    """The provider's ids of all hosts of a site; one empty one where it has none."""
    accounts = {host.account for host in study().site(site.code).hosts}
    return sorted(accounts) or [""]
