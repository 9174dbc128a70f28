"""The kinds of card this terminal reads, in the order in which they are tried: travel documents last, as they take more
than one command to know."""

from __future__ import annotations

from devices.card.profile import Profile
from devices.card.profiles.belgian_identity import BelgianIdentityCard
from devices.card.profiles.mykad import MyKad
from devices.card.profiles.resident_identity import ResidentIdentityCard
from devices.card.profiles.social_security import SocialSecurityCard
from devices.card.profiles.thai_identity import ThaiIdentityCard
from devices.card.profiles.travel_document import TravelDocument

PROFILES: tuple[Profile, ...] = (
    SocialSecurityCard(),
    ResidentIdentityCard(),
    ThaiIdentityCard(),
    MyKad(),
    BelgianIdentityCard(),
    TravelDocument(),
)
