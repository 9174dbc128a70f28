"""The provisional number on a slip, and the text of the slip's QR code.

Number: `TY03-261123-0047-K` = terminal code, local date (yymmdd), the day's counter (at least four digits), check
character. The check character is ISO/IEC 7064 MOD 37,36 over the characters before it without hyphens: it finds every
single wrong character and every swap of neighbours. The number holds no personal data and opens nothing by itself.

QR text: `https://<district>/s#v1.<number>.<token>.<key id>.<signature>`
  token      128 random bits, base64url without padding (22 characters)
  key id     the first 6 bytes of SHA-256 of the terminal's raw Ed25519 public key, base64url (8 characters)
  signature  Ed25519 (RFC 8032) over `township-kiosk slip v1\n<district>\n<number>.<token>.<key id>`, base64url (86)
Everything after `#` stays in the browser. Reading such a text never opens an address.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_NUMBER = re.compile(r"([A-Z0-9]{2,8})-([0-9]{6})-([0-9]{4,6})-([0-9A-Z])", re.ASCII)
_DISTRICT = re.compile(r"[a-z0-9]([a-z0-9.-]{0,98}[a-z0-9])?(:[0-9]{1,5})?", re.ASCII)
_SLIP = re.compile(
    r"https://(?P<district>[a-z0-9.:-]{1,106})/s#v1\.(?P<number>[A-Z0-9-]{14,24})\.(?P<token>[A-Za-z0-9_-]{22})"
    r"\.(?P<key_id>[A-Za-z0-9_-]{8})\.(?P<signature>[A-Za-z0-9_-]{86})",
    re.ASCII,
)
_OTHER_VERSION = re.compile(r"https://[a-z0-9.:-]{1,106}/s#v[0-9]{1,3}\.", re.ASCII)
_MAX_SLIP_TEXT = 320
TOKEN_BYTES = 16
MOST_A_DAY = 999_999


def check_character(text: str) -> str:
    """ISO/IEC 7064 MOD 37,36 over `text` (0-9 and A-Z only)."""
    product = 36
    for character in text:
        total = (product + _ALPHABET.index(character)) % 36 or 36
        product = total * 2 % 37
    return _ALPHABET[(37 - product) % 36]


def make_number(*, terminal: str, day: str, counter: int) -> str:
    """The provisional number; `day` is yymmdd of the hall's local date, `counter` counts from 1 within the day."""
    count = f"{counter:04d}"
    return f"{terminal}-{day}-{count}-{check_character(terminal + day + count)}"


def is_number(text: str) -> bool:
    """Whether `text` is a provisional number with the right check character."""
    match = _NUMBER.fullmatch(text)
    return match is not None and check_character("".join(match.groups()[:3])) == match.group(4)


def counter_of(number: str) -> tuple[str, int] | None:
    """The day (yymmdd) of a provisional number and its counter within that day; None when it is none."""
    return (number.split("-")[1], int(number.split("-")[2])) if is_number(number) else None


def is_terminal_code(text: str) -> bool:
    return re.fullmatch(r"[A-Z0-9]{2,8}", text, re.ASCII) is not None


def is_district_host(text: str) -> bool:
    """Whether `text` can stand as `<district>` in a slip text: a host name in lower case, with a port if need be."""
    return _DISTRICT.fullmatch(text) is not None


def base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def from_base64url(text: str) -> bytes | None:
    """What `text` stands for, or None for another spelling than :func:`base64url`'s."""
    try:
        content = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:  # binascii.Error, or a character that is not ASCII
        return None
    # Unused trailing bits must be zero, or one signature would have several spellings.
    return content if base64url(content) == text else None


def key_id(public_key: bytes) -> str:
    """The key id of a raw Ed25519 public key (32 bytes)."""
    return base64url(hashlib.sha256(public_key).digest()[:6])


def _signed_text(*, district: str, number: str, token: str, key: str) -> bytes:
    return f"township-kiosk slip v1\n{district}\n{number}.{token}.{key}".encode("ascii")


class SlipSigner:
    """Makes the QR texts of one terminal's slips for one district; what is the same in all of them is made once.

    Raises ValueError for what is no host name."""

    def __init__(self, *, district: str, key: Ed25519PrivateKey) -> None:
        if not is_district_host(district):
            raise ValueError("a slip text needs a host name")
        self._district = district
        self._key = key
        self._key_id = key_id(key.public_key().public_bytes_raw())

    def text(self, *, number: str, token: bytes) -> str:
        """`token` is 16 bytes. A malformed argument is a bug and raises ValueError."""
        if not is_number(number) or len(token) != TOKEN_BYTES:
            raise ValueError("a slip text needs a provisional number and 16 token bytes")
        written, own_key = base64url(token), self._key_id
        signature = self._key.sign(_signed_text(district=self._district, number=number, token=written, key=own_key))
        return f"https://{self._district}/s#v1.{number}.{written}.{own_key}.{base64url(signature)}"


def make_slip_text(*, district: str, number: str, token: bytes, key: Ed25519PrivateKey) -> str:
    """The QR text of one slip; see :class:`SlipSigner`."""
    return SlipSigner(district=district, key=key).text(number=number, token=token)


@dataclass(frozen=True, slots=True, kw_only=True)
class SlipCode:
    """A slip text that a known terminal signed."""

    district: str
    number: str
    token: str
    key_id: str


class SlipCodeTrouble(StrEnum):
    NOT_A_SLIP = "not-a-slip"
    OTHER_VERSION = "slip-of-other-version"
    WRONG_NUMBER = "slip-number-wrong"
    UNKNOWN_TERMINAL = "slip-of-unknown-terminal"
    FORGED = "slip-forged"


def parse_slip_text(text: str, public_keys: Mapping[str, bytes]) -> SlipCode | SlipCodeTrouble:
    """Read a scanned text; `public_keys` maps key id to raw Ed25519 public keys (32 bytes) of known terminals."""
    if len(text) > _MAX_SLIP_TEXT:
        return SlipCodeTrouble.NOT_A_SLIP
    match = _SLIP.fullmatch(text)
    if match is None:
        return SlipCodeTrouble.OTHER_VERSION if _other_version(text) else SlipCodeTrouble.NOT_A_SLIP
    district, number, token, key = match["district"], match["number"], match["token"], match["key_id"]
    signature = from_base64url(match["signature"])
    if signature is None or from_base64url(token) is None or not is_district_host(district):
        return SlipCodeTrouble.NOT_A_SLIP
    if not is_number(number):
        return SlipCodeTrouble.WRONG_NUMBER
    raw = public_keys.get(key)
    if raw is None:
        return SlipCodeTrouble.UNKNOWN_TERMINAL
    try:
        Ed25519PublicKey.from_public_bytes(raw).verify(
            signature, _signed_text(district=district, number=number, token=token, key=key)
        )
    except InvalidSignature:
        return SlipCodeTrouble.FORGED
    return SlipCode(district=district, number=number, token=token, key_id=key)


def _other_version(text: str) -> bool:
    match = _OTHER_VERSION.match(text)
    return match is not None and not match.group().endswith("#v1.")
