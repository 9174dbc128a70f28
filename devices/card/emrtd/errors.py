"""What only a travel document can do wrong."""

from __future__ import annotations

from devices.card.api import CardTrouble
from devices.card.slot import CardError


class WrongKey(CardError):
    """The chip did not open to this MRZ or CAN."""

    trouble = CardTrouble.WRONG_KEY


class Altered(CardError):
    """What the chip says is not what its issuer signed, or the chip is not the one it was signed for."""

    trouble = CardTrouble.ALTERED
