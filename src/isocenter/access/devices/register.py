"""Who is calling: the decision on an association request, from what is known of all devices (PS3.8 7.1.1; PS3.15 B).

A caller is known by its AE title together with where it calls from: its certificate under TLS, its networks. Several
institutions may have a "CT1"; the called AE title, the certificate and the narrowest network tell them apart, and when
nothing does, nobody is let in. A certificate that a device holds opens under its title alone. A title that an
institution has bound to an address is nobody else's there. Only a title that nobody bound may be new, from where
strangers may call into the first institution.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, ip_address

from isocenter.access.caller import Caller, CallerKind
from isocenter.access.devices.fields import Network
from isocenter.access.roles import Right, Role
from isocenter.index.devices import KnownCaller
from isocenter.kit.clock import utc_now

IPAddress = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Call:
    """A request as it arrived: AE titles without padding, IP address as text, certificate as in `wire.Peer`."""

    calling_ae_title: str
    called_ae_title: str
    address: str
    certificate: str | None = None


@dataclass(frozen=True, slots=True)
class AdmittedCaller:
    """Who an association is of. device_id: None for a stranger. first_store: its next object is waited for."""

    caller: Caller
    device_id: int | None = None
    first_store: bool = False


class Because(StrEnum):
    """Why a call is rejected; told to administrators, not to the caller."""

    UNKNOWN_CALLED_AE_TITLE = "unknown-called-ae-title"
    UNKNOWN_CALLER = "unknown-caller"
    WRONG_ADDRESS = "wrong-address"
    WRONG_CERTIFICATE = "wrong-certificate"
    WITHOUT_TLS = "without-tls"
    DEACTIVATED = "deactivated"
    AMBIGUOUS = "ambiguous-caller"


@dataclass(frozen=True, slots=True)
class RejectedCall:
    """because: the reason; institution_ids: whose administrators are told."""

    because: Because
    institution_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Strangers:
    """Callers that nobody entered: they work in the first institution when they call its title from these networks."""

    institution_id: int
    called_ae_title: str
    networks: tuple[Network, ...]


class Register:
    """Everything that admission decides by, as it was at one moment. Immutable; deciding reads nothing else.

    called_ae_titles: institutions by the title of their own.
    """

    def __init__(self, strangers: Strangers, known: Sequence[KnownCaller], called_ae_titles: Mapping[str, int]) -> None:
        self._strangers = strangers
        self._called = dict(called_ae_titles)
        self._by_title: defaultdict[str, list[KnownCaller]] = defaultdict(list)
        for each in known:
            self._by_title[each.ae_title].append(each)
        self._held = frozenset(each.certificate for each in known if each.certificate)

    def admit(self, call: Call) -> AdmittedCaller | RejectedCall:
        """Whose association it is, or why it is nobody's."""
        everyone = call.called_ae_title == self._strangers.called_ae_title
        if not everyone and call.called_ae_title not in self._called:
            return RejectedCall(Because.UNKNOWN_CALLED_AE_TITLE, (self._strangers.institution_id,))
        address = _parsed(call.address)
        known = [
            each
            for each in self._by_title.get(call.calling_ae_title, ())
            if everyone or each.called_ae_title == call.called_ae_title
        ]
        bound = [each for each in known if each.networks or each.certificate or not each.active]
        fitting = [each for each in bound if self._mismatch(each, call.certificate, address) is None]
        if fitting:
            return _closest(fitting, call.certificate, address)
        return self._stranger(call, address, known, bound) or self._rejected(call, address, bound)

    def _stranger(
        self, call: Call, address: IPAddress, known: list[KnownCaller], bound: list[KnownCaller]
    ) -> AdmittedCaller | None:
        """Somebody of whom no address is known, from where strangers may call; None: no."""
        home = self._strangers.institution_id
        at_home = call.called_ae_title == self._strangers.called_ae_title or self._called[call.called_ae_title] == home
        if not at_home or call.certificate in self._held or _prefix(self._strangers.networks, address) is None:
            return None
        own = next((each for each in known if each.institution_id == home), None)
        if own is not None:
            return None if own in bound else admitted(own)
        if bound:  # what another institution's device sends must not end up here because its address changed
            return None
        return AdmittedCaller(_caller(home, call.calling_ae_title, may_store=True, may_query=True))

    def _rejected(self, call: Call, address: IPAddress, bound: list[KnownCaller]) -> RejectedCall:
        home = self._strangers.institution_id
        if not bound:
            because = Because.WRONG_CERTIFICATE if call.certificate in self._held else Because.UNKNOWN_CALLER
            return RejectedCall(because, (self._called.get(call.called_ae_title, home),))
        mismatch = self._mismatch(bound[0], call.certificate, address)
        assert mismatch is not None  # it does not fit
        # Who of several was meant is not known, and none of them is to hear of the others.
        return RejectedCall(mismatch, (bound[0].institution_id if len(bound) == 1 else home,))

    def _mismatch(self, known: KnownCaller, certificate: str | None, address: IPAddress) -> Because | None:
        """Why this call is not this device's; None: it is."""
        if not known.active:
            return Because.DEACTIVATED
        if known.networks and _prefix(known.networks, address) is None:
            return Because.WRONG_ADDRESS
        if certificate is None:
            return Because.WITHOUT_TLS if known.certificate and not known.plain_allowed else None
        if known.certificate is None and certificate not in self._held:
            return None
        return None if certificate == known.certificate else Because.WRONG_CERTIFICATE


def _closest(fitting: list[KnownCaller], certificate: str | None, address: IPAddress) -> AdmittedCaller | RejectedCall:
    """The one that shows its certificate, then the one with the narrowest network; if it is one."""

    def closeness(known: KnownCaller) -> tuple[bool, int]:
        return certificate is not None and known.certificate == certificate, _prefix(known.networks, address) or 0

    best = max(map(closeness, fitting))
    closest = [each for each in fitting if closeness(each) == best]
    if len(closest) > 1:
        return RejectedCall(Because.AMBIGUOUS, tuple(each.institution_id for each in closest))
    return admitted(closest[0])


def admitted(known: KnownCaller) -> AdmittedCaller:
    """The association of a device."""
    caller = _caller(known.institution_id, known.ae_title, may_store=known.may_store, may_query=known.may_query)
    return AdmittedCaller(caller, known.device_id, known.first_store_asked_at is not None)


def _caller(institution_id: int, ae_title: str, *, may_store: bool, may_query: bool) -> Caller:
    """What a device may: a workstation stores and reads, a modality stores; one that only reads is narrowed to that."""
    role = Role.WORKSTATION if may_query else Role.MODALITY
    only = None if may_store else frozenset({Right.READ, Right.READ_EVERY_PATIENT} if may_query else ())
    sitting = utc_now().strftime("%Y-%m-%d")
    return Caller(CallerKind.APPLICATION_ENTITY, ae_title, institution_id, (role,), sitting, only)


def _prefix(networks: Iterable[Network], address: IPAddress) -> int | None:
    """The length of the longest network that the address is in; None: it is in none."""
    fitting = [each.prefixlen for each in networks if each.version == address.version and address in each]
    return max(fitting, default=None)


def _parsed(text: str) -> IPAddress:
    address = ip_address(text.partition("%")[0])
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address
