"""Virtual travel documents of invented people: a passport, an identity card of another state, an exit-entry permit.

Documents of nobody: the state "Utopia" and its root exist in this process only, numbers pass their check digits, the
faces are drawn. :mod:`devices.card.sim_emrtd_files` writes them, :mod:`devices.card.sim_emrtd_chip` answers for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from devices.card.sim_emrtd_chip import ChipFaults, EmrtdChip, Lock, Written
from devices.card.sim_emrtd_files import Holder, State, com, data_groups, found_state, photo, sod, tlv

__all__ = [
    "DEMO_HOLDERS",
    "ChipFaults",
    "EmrtdChip",
    "Holder",
    "Issue",
    "Lock",
    "demo_document",
    "demo_documents",
    "demo_state",
    "issue",
    "trust_demo_state",
]

_PACE, _CHIP = bytes.fromhex("04007f000702020402"), bytes.fromhex("04007f000702020302")
_CHIP_KEY, _ACTIVE = bytes.fromhex("04007f000702020102"), bytes.fromhex("678108010105")
_ECDSA_SHA256 = bytes.fromhex("04007f00070101040103")
_OPENSSL = {12: ec.SECP256R1(), 13: ec.BrainpoolP256R1(), 15: ec.SECP384R1()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """How a document is made. ``chip_key`` is suite and curve for chip authentication, ``active`` ``ec`` or ``rsa`` for
    active authentication; without both it can be copied. ``altered`` data groups are changed after signing;
    ``picture_bytes`` is how large the photo is; ``more_infos`` are further entries of EF.CardAccess and DG14."""

    lock: Lock = field(default_factory=Lock)
    chip_key: tuple[int, int] | None = (4, 13)
    active: str | None = None
    altered: frozenset[int] = frozenset()
    unlisted: frozenset[int] = frozenset()  # in EF.COM, but not signed
    picture_bytes: int = 6_000
    extended: bool = False
    more_infos: tuple[bytes, ...] = ()
    faults: ChipFaults = field(default_factory=ChipFaults)


def issue(holder: Holder, state: State, how: Issue | None = None) -> EmrtdChip:
    """A new chip with the holder's data, signed by the state."""
    how = how or Issue()
    groups = data_groups(holder, picture=photo(how.picture_bytes))
    infos: list[bytes] = []
    if how.lock.curve is not None:
        infos.append(_info(_PACE + bytes((how.lock.suite,)), _integer(2), _integer(how.lock.curve)))
    infos += how.more_infos
    card_access = tlv(0x31, b"".join(infos)) if infos else None

    chip_key = None
    if how.chip_key is not None:
        suite, curve = how.chip_key
        private = ec.generate_private_key(_OPENSSL[curve])
        infos.append(_info(_CHIP + bytes((suite,)), _integer(1)))
        infos.append(_info(_CHIP_KEY, _public(private)))
        chip_key = (suite, curve, private.private_numbers().private_value)
    active_key = None
    if how.active is not None:
        active_key = (
            ec.generate_private_key(ec.SECP256R1())
            if how.active == "ec"
            else rsa.generate_private_key(65537, 2048 if how.extended else 1024)
        )
        infos.append(_info(_ACTIVE, _integer(1), tlv(0x06, _ECDSA_SHA256)))
        groups[15] = tlv(0x6F, _public(active_key))
    if how.chip_key or how.active:
        groups[14] = tlv(0x6E, tlv(0x31, b"".join(infos)))

    signed = {number: raw for number, raw in groups.items() if number not in how.unlisted}
    files = {0x011E: com(groups), 0x011D: sod(signed, state)}
    files |= {0x0100 + number: _changed(raw) if number in how.altered else raw for number, raw in groups.items()}
    return EmrtdChip(
        Written(
            files=files,
            mrz_information=holder.mrz_information,
            can=holder.can,
            lock=how.lock,
            card_access=card_access,
            chip_key=chip_key,
            active_key=active_key,
            extended=how.extended,
            faults=how.faults,
        )
    )


def _changed(raw: bytes) -> bytes:
    """One letter later on, so that the file stays well formed: in DG1 the last of the name, in DG2 of the picture."""
    at = len(raw) - 60 if raw[0] == 0x61 else len(raw) - 3
    return bytes((*raw[:at], raw[at] ^ 0x01, *raw[at + 1 :]))


def _info(oid: bytes, required: bytes, optional: bytes = b"") -> bytes:
    return tlv(0x30, tlv(0x06, oid) + required + optional)


def _integer(value: int) -> bytes:
    return tlv(0x02, bytes((value,)))


def _public(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


DEMO_HOLDERS: Mapping[str, Holder] = {
    "passport": Holder(
        layout="TD3",
        document_type="P",
        number="E99900017",
        surname="WANG",
        given_names="XIUYING",
        chinese_name="王秀英",
        female=True,
        birth=date(1968, 3, 12),
        expires=date(2036, 6, 2),
        id_number="999999196803120029",
        birth_place="桃源",
        can="",
    ),
    "permit": Holder(
        layout="permit",
        document_type="CS",
        number="C99900026",
        surname="LI",
        given_names="JIANGUO",
        chinese_name="李建国",
        female=False,
        birth=date(1985, 9, 17),
        expires=date(2034, 8, 20),
        id_number="999999198509170032",
    ),
    "foreign-card": Holder(
        layout="TD1",
        document_type="I",
        number="U0000042X",
        surname="ERIKSDOTTER",
        given_names="ANNA MARIA",
        female=True,
        birth=date(1974, 8, 12),
        expires=date(2033, 4, 15),
        state="UTO",
        can="271828",
    ),
    "expired-passport": Holder(
        layout="TD3",
        document_type="P",
        number="E99900034",
        surname="ZHAO",
        given_names="GUILAN",
        chinese_name="赵桂兰",
        female=True,
        birth=date(1955, 7, 23),
        expires=date(2019, 12, 31),
        id_number="999999195507230085",
    ),
}
_DEMO_ISSUES: Mapping[str, Issue] = {
    "passport": Issue(picture_bytes=15_000),
    "permit": Issue(lock=Lock(curve=None), chip_key=None, active="ec"),
    "foreign-card": Issue(lock=Lock(suite=2, curve=12), chip_key=(2, 12)),
    "expired-passport": Issue(lock=Lock(curve=None), chip_key=None),
    "altered-passport": Issue(altered=frozenset((1,))),
    "foreign-issuer": Issue(),
}


@lru_cache(maxsize=1)
def demo_state() -> State:
    """The invented state that signs the demo's documents."""
    return found_state()


def trust_demo_state(folder: Path) -> Path:
    """Put the invented state's root into ``folder``, which is made; gives the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "utopia.cer").write_bytes(demo_state().root_der)
    return folder


def demo_documents() -> dict[str, EmrtdChip]:
    """Fresh documents for the control panel: those of :data:`DEMO_HOLDERS`, and ``altered-passport`` and
    ``foreign-issuer``, which open with the passport's zone."""
    return {key: demo_document(key) for key in _DEMO_ISSUES}


def demo_document(key: str, **changes: object) -> EmrtdChip:
    """One of them; ``changes`` are fields of :class:`Issue`."""
    state = found_state(name="Elsewhere", country="EL") if key == "foreign-issuer" else demo_state()
    holder = DEMO_HOLDERS.get(key, DEMO_HOLDERS["passport"])
    return issue(holder, state, replace(_DEMO_ISSUES[key], **changes))  # type: ignore[arg-type]
