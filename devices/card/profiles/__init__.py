"""The kinds of card this terminal reads, in the order in which they are tried."""

from __future__ import annotations

from devices.card.profile import Profile
from devices.card.profiles.resident_identity import ResidentIdentityCard
from devices.card.profiles.social_security import SocialSecurityCard
from devices.card.profiles.travel_document import TravelDocument

PROFILES: tuple[Profile, ...] = (SocialSecurityCard(), ResidentIdentityCard(), TravelDocument())
