"""What can go wrong with an identity provider.

Refused  ├── BadIdToken           the token is not this provider's word to us about this sign-in (W14)
         ├── SignInRefused        the provider did not sign the person in, or the answer is not to our question
         └── NoAccountHere        signed in there, and nobody here
Invalid  ├── InvalidProvider      the settings of a provider
         └── ProviderMisbehaves   it answers something else than the specification says
NotFound └── UnknownProvider
Conflict └── ProviderExists
"""

from __future__ import annotations

from isocenter.kit.errors import Conflict, Invalid, NotFound, Refused


class BadIdToken(Refused):
    """The ID token is forged, for somebody else, from another time, or answers another question."""

    reason = "bad-id-token"


class SignInRefused(Refused):
    """The provider did not sign the person in, or its answer does not belong to this browser's question."""

    reason = "sign-in-refused"


class NoAccountHere(Refused):
    """The person is known to the provider and has no account here that she may use."""

    reason = "no-account-here"


class InvalidProvider(Invalid):
    """A setting of an identity provider is not usable."""

    reason = "invalid-identity-provider"


class ProviderMisbehaves(Invalid):
    """The provider answers something that OpenID Connect does not say."""

    reason = "identity-provider-misbehaves"


class UnknownProvider(NotFound):
    """There is no such identity provider."""

    reason = "unknown-identity-provider"


class ProviderExists(Conflict):
    """Another identity provider of the institution has this name."""

    reason = "identity-provider-exists"
