"""ICAO 9303-11's worked examples, byte for byte: appendix D (BAC and its messaging) and G.1 (PACE, brainpoolP256r1)."""

from __future__ import annotations

import pytest

from devices.card.api import CanKey, MrzKey
from devices.card.emrtd.apdu import Command
from devices.card.emrtd.bac import open_with_bac
from devices.card.emrtd.ciphers import AUTHENTICATION, ENCRYPTION, PASSWORD, TRIPLE_DES, AesSuite
from devices.card.emrtd.curve import Curve, KeyPair
from devices.card.emrtd.curves import CURVES
from devices.card.emrtd.errors import WrongKey
from devices.card.emrtd.keys import mrz_information, mrz_seed, password
from devices.card.emrtd.messaging import SecureTalk
from devices.card.emrtd.pace import PaceChoice, choose, open_with_pace
from devices.card.emrtd.security_infos import security_infos
from devices.card.slot import CardDamaged, Channel

HOLDER = MrzKey("L898902C", "690806", "940623")  # appendix D.2
SEED = bytes.fromhex("239AB9CB282DAF66231DC5A4DF6BFBAE")
PACE_HOLDER = MrzKey("T22000129", "640812", "101031")  # appendix G.1


class Script:
    """A chip that expects these commands and gives these answers."""

    def __init__(self, *exchanges: tuple[str, str]) -> None:
        self.atr = b""
        self.left = [(bytes.fromhex(command), bytes.fromhex(answer)) for command, answer in exchanges]

    def exchange(self, command: bytes) -> bytes:
        expected, answer = self.left.pop(0)
        assert command.hex() == expected.hex()
        return answer

    def close(self) -> None: ...


def channel(script: Script) -> Channel:
    return Channel(link=script, give_up=lambda: False)


def without_parity(key: bytes) -> bytes:
    return bytes(octet & 0xFE for octet in key)


def test_bac_keys_are_those_of_d1_and_d2() -> None:
    assert mrz_information(HOLDER) == b"L898902C<369080619406236"
    assert mrz_seed(HOLDER)[:16] == SEED
    encryption, authentication = TRIPLE_DES.derive(SEED, ENCRYPTION), TRIPLE_DES.derive(SEED, AUTHENTICATION)
    assert without_parity(encryption) == without_parity(bytes.fromhex("AB94FDECF2674FDFB9B391F85D7F76F2"))
    assert without_parity(authentication) == without_parity(bytes.fromhex("7962D9ECE03D1ACD4C76089DCE131543"))
    # D.2's identity card, whose number is longer than its field.
    assert mrz_information(MrzKey("D23145890734", "340712", "950712")) == b"D23145890734934071279507122"


def test_mutual_authentication_and_messaging_are_those_of_d3_and_d4() -> None:
    script = Script(
        ("0084000008", "4608F919887022129000"),
        (
            "008200002872C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F25F1448EEA8AD90A728",
            "46B9342A41396CD7386BF5803104D7CEDC122B9132139BAF2EEDC94EE178534F2F2D235D074D74499000",
        ),
        ("0CA4020C158709016375432908C044F68E08BF8B92D635FF24F800", "990290008E08FA855A5D4C50A8ED9000"),
        (
            "0CB000000D9701048E08ED6705417E96BA5500",
            "8709019FF0EC34F9922651990290008E08AD55CC17140B2DED9000",
        ),
        (
            "0CB000040D9701128E082EA28A70F3C7B53500",
            "871901FB9235F4E4037F2327DCC8964F1F9B8C30F42C8E2FFF224A990290008E08C8B2787EAEA07D749000",
        ),
    )
    drawn = {8: bytes.fromhex("781723860C06C226"), 16: bytes.fromhex("0B795240CB7049B01C19B33E32804F0B")}
    talk = open_with_bac(channel(script), HOLDER, longest=256, random=drawn.__getitem__)
    assert talk.send(Command(0xA4, 0x020C, b"\x01\x1e")) == (b"", 0x9000)
    assert talk.send(Command(0xB0, 0x0000, le=4)) == (bytes.fromhex("60145F01"), 0x9000)
    rest = bytes.fromhex("04303130365F36063034303030305C026175")
    assert talk.send(Command(0xB0, 0x0004, le=18)) == (rest, 0x9000)
    assert not script.left


G1 = PaceChoice(oid=bytes.fromhex("04007F00070202040202"), parameter=13, named=False)
G1_KEYS = (
    0x7F4EF07B9EA82FD78AD689B38D0BC78CF21F249D953BC46F4C6E19259C010F99,
    0xA73FB703AC1436A18E0CFA5ABB3F7BEC7A070E7A6788486BEE230C4A22762595,
)
G1_EXCHANGES = (
    ("0022C1A40F800A04007F00070202040202830101", "9000"),
    ("10860000027C0000", "7C12801095A3A016522EE98D01E76CB6B98B42C39000"),
    (
        "10860000457C438141047ACF3EFC982EC45565A4B155129EFBC74650DCBFA6362D896FC70262E0C2CC5E"
        "544552DCB6725218799115B55C9BAA6D9F6BC3A9618E70C25AF71777A9C4922D00",
        "7C43824104824FBA91C9CBE26BEF53A0EBE7342A3BF178CEA9F45DE0B70AA601651FBA3F57"
        "30D8C879AAA9C9F73991E61B58F4D52EB87A0A0C709A49DC63719363CCD13C549000",
    ),
    (
        "10860000457C438341042DB7A64C0355044EC9DF190514C625CBA2CEA48754887122F3A5EF0D5EDD301C"
        "3556F3B3B186DF10B857B58F6A7EB80F20BA5DC7BE1D43D9BF850149FBB3646200",
        "7C438441049E880F842905B8B3181F7AF7CAA9F0EFB743847F44A306D2D28C1D9EC65DF6DB"
        "7764B22277A2EDDC3C265A9F018F9CB852E111B768B326904B59A0193776F0949000",
    ),
    ("008600000C7C0A8508C2B0BD78D94BA86600", "7C0A86083ABB9674BCE93C089000"),
)


def test_pace_is_that_of_g1() -> None:
    script = Script(*G1_EXCHANGES)
    keys = iter(G1_KEYS)
    opened: list[SecureTalk] = [
        open_with_pace(channel(script), G1, PACE_HOLDER, longest=256, draw=lambda curve: curve.key(next(keys)))
    ]
    assert not script.left
    assert len(opened) == 1


def test_paces_intermediate_values_are_those_of_g1() -> None:
    curve, suite = CURVES[13], AesSuite(16)
    reference, secret = password(PACE_HOLDER)
    assert (reference, secret.hex().upper()) == (1, "7E2D2A41C74EA0B38CD36F863939BFA8E9032AAD")
    key = suite.derive(secret, PASSWORD)
    assert key.hex().upper() == "89DED1B26624EC1E634C1989302849DD"
    nonce = suite.decrypt(key, bytes(16), bytes.fromhex("95A3A016522EE98D01E76CB6B98B42C3"))
    assert nonce.hex().upper() == "3F00C4D39D153F2B2A214A078D899B22"
    chip = curve.decode(bytes.fromhex(G1_EXCHANGES[2][1])[4:-2])
    agreed = curve.multiply(G1_KEYS[0], chip)
    assert curve.encode(agreed).hex().upper() == (
        "0460332EF2450B5D247EF6D3868397D398852ED6E8CAF6FFEEF6BF85CA57057FD5"
        "0840CA7415BAF3E43BD414D35AA4608B93A2CAF3A4E3EA4E82C9C13D03EB7181"
    )
    generator = curve.add(curve.multiply(int.from_bytes(nonce, "big"), curve.generator), agreed)
    assert curve.encode(generator).hex().upper() == (
        "048CED63C91426D4F0EB1435E7CB1D74A46723A0AF21C89634F65A9AE87A9265E2"
        "8C879506743F8611AC33645C5B985C80B5F09A0B83407C1B6A4D857AE76FE522"
    )
    shared = curve.key(G1_KEYS[1]).agree(curve.decode(bytes.fromhex(G1_EXCHANGES[3][1])[4:-2])).to_bytes(32, "big")
    assert shared.hex().upper() == "28768D20701247DAE81804C9E780EDE582A9996DB4A315020B2733197DB84925"
    assert suite.derive(shared, ENCRYPTION).hex().upper() == "F5F0E35C0D7161EE6724EE513A0D9A7F"
    assert suite.derive(shared, AUTHENTICATION).hex().upper() == "FE251C7858B356B24514B3BD5F4297D1"


def test_card_access_is_that_of_g1() -> None:
    infos = security_infos(bytes.fromhex("31143012060A04007F0007020204020202010202010D"))
    assert choose(infos) == G1
    assert password(CanKey("123456")) == (2, b"123456")


@pytest.mark.parametrize("step", [1, 2, 3, 4])
def test_a_changed_answer_in_pace_ends_it(step: int) -> None:
    command, answer = G1_EXCHANGES[step]
    changed = bytearray.fromhex(answer)
    changed[-3] ^= 1
    script = Script(*G1_EXCHANGES[:step], (command, changed.hex()), *G1_EXCHANGES[step + 1 :])
    keys = iter(G1_KEYS)

    def draw(curve: Curve) -> KeyPair:
        return curve.key(next(keys))

    with pytest.raises((CardDamaged, AssertionError)):
        open_with_pace(channel(script), G1, PACE_HOLDER, longest=256, draw=draw)


@pytest.mark.parametrize("status", ["6300", "63C2", "6982", "6985", "6A80"])
def test_a_refused_token_is_a_wrong_key(status: str) -> None:
    script = Script(*G1_EXCHANGES[:4], (G1_EXCHANGES[4][0], status))
    keys = iter(G1_KEYS)
    with pytest.raises(WrongKey):
        open_with_pace(channel(script), G1, PACE_HOLDER, longest=256, draw=lambda curve: curve.key(next(keys)))


def test_our_own_key_reflected_is_refused() -> None:
    own = bytes.fromhex(G1_EXCHANGES[3][0])[9:-1]
    script = Script(*G1_EXCHANGES[:3], (G1_EXCHANGES[3][0], "7C438441" + own.hex() + "9000"))
    keys = iter(G1_KEYS)
    with pytest.raises(CardDamaged, match="came back"):
        open_with_pace(channel(script), G1, PACE_HOLDER, longest=256, draw=lambda curve: curve.key(next(keys)))
