"""How a terminal becomes one by a one-time code, if the visit began with one (`--code`); and codes that are none."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from district.check.answers import expect, json_of, kind_of, same
from district.check.forms import digest_of, new_uid, written
from district.check.line import Answer, NoAnswer
from district.check.rules import Broken, NotTried, Rules, to
from district.check.visit import PLAIN, Asked, Door, Visit, bytes_of
from offline_queue.numbers import base64url, check_character

rules = Rules("enrolment")
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolling:
    """What a terminal asks with: a code, its signing key and its key for mutual TLS."""

    code: str
    key: Ed25519PrivateKey
    tls_key: ec.EllipticCurvePrivateKey

    @property
    def terminal(self) -> str:
        return self.code.partition("-")[0]

    def body(self, signed_by: Ed25519PrivateKey | None = None) -> bytes:
        request = request_for(self.terminal, self.tls_key).decode("ascii")
        statement = f"township-kiosk enrolment v1\n{self.code}\n{request}".encode()
        signature = (signed_by or self.key).sign(statement)
        public = base64url(self.key.public_key().public_bytes_raw())
        members = {"code": self.code, "public_key": public, "request": request}
        return written({**members, "signature": base64.b64encode(signature).decode()})


def request_for(code: str, key: ec.EllipticCurvePrivateKey) -> bytes:
    """PKCS #10 in PEM."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, code)])
    return x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, SHA256()).public_bytes(Encoding.PEM)


def look_at_certificate(chain: bytes, code: str, key: ec.EllipticCurvePrivateKey, now: float) -> None:
    """Raises Broken unless its first certificate is for this terminal and this key, and not about to end."""
    try:
        made = x509.load_pem_x509_certificates(chain)[0]
        names = [str(name.value) for name in made.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
        public = made.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, IndexError):
        raise Broken("no certificate in PEM") from None
    if names != [code]:
        raise Broken("the certificate is for another common name")
    if public != key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo):
        raise Broken("the certificate is for another key")
    if made.not_valid_after_utc.timestamp() < now + 3600:
        raise Broken("the certificate ends within the hour")


def new_keys(code: str) -> Enrolling:
    return Enrolling(code=code, key=Ed25519PrivateKey.generate(), tls_key=ec.generate_private_key(ec.SECP256R1()))


def invented_code(terminal: str) -> str:
    """One that is spelled as a code, and was never given."""
    while True:
        drawn = "".join(secrets.choice(_ALPHABET) for _ in range(15))
        last = check_character(terminal + drawn)
        if last in _ALPHABET:
            rest = drawn + last
            return "-".join((terminal, rest[:4], rest[4:8], rest[8:12], rest[12:]))


def enrol(door: Door, body: bytes, *, digest: str | None = None) -> Answer:
    """Ask where terminals without a certificate do. Raises NotTried where nobody enrols."""
    fields = (
        ("Content-Type", PLAIN),
        ("Content-Digest", digest or digest_of(body)),
        ("Content-Length", str(len(body))),
    )
    asked = Asked(method="POST", path="/v1/enrolments", fields=fields, body=body)
    answer = door.line.exchange(asked.method, bytes_of(asked, door.root))
    if isinstance(answer, NoAnswer):
        raise NotTried(f"nobody enrols at {door.root.url} ({answer.why}); see --enrol-at")
    if answer.status in (405, 501) or (answer.status == 404 and kind_of(answer) == "http"):
        raise NotTried(f"nobody enrols at {door.root.url} ({answer.status}); see --enrol-at")
    if answer.status in (429, 503):
        raise NotTried(f"enrolment is busy ({answer.status})")
    return answer


def _first(visit: Visit) -> tuple[Enrolling, Answer]:
    if visit.enrolled is None:
        raise NotTried("needs a one-time code: --code")
    return visit.enrolled


@rules(
    "Answer 404 of type enrolment to a code that was never given, is over, or was used with other keys; 501 if nobody"
    " can enrol."
)
def enrolment_unknown_code_404(visit: Visit) -> None:
    """A code that was never given is answered 404 of type `enrolment`."""
    expect(enrol(visit.door, new_keys(invented_code(visit.own.code)).body()), 404, kind="enrolment")


@rules("Refuse with 422 (or 400) what is no enrolment, and keep the code.")
def enrolment_not_one_refused(visit: Visit) -> None:
    """What is no enrolment is refused."""
    for body in (b"{}", b"[", b'{"code":7}'):
        with to(body):
            expect(enrol(visit.door, body), 400, 422)


@rules("Verify `signature` with `public_key` over the code and the request before anything else.")
def enrolment_of_anothers_key_refused(visit: Visit) -> None:
    """Whoever does not hold the key that is to be registered is refused."""
    asked = new_keys(invented_code(visit.own.code))
    expect(enrol(visit.door, asked.body(signed_by=Ed25519PrivateKey.generate())), 404, 422)


@rules("Compare an enrolment's Content-Digest with its body, as everywhere.")
def enrolment_wrong_digest_400(visit: Visit) -> None:
    """An enrolment that is not what its Content-Digest says is answered 400 of type `digest`."""
    body = new_keys(invented_code(visit.own.code)).body()
    expect(enrol(visit.door, body, digest=digest_of(b"other")), 400, kind="digest")


@rules("Answer a good code with 201: the terminal's code, its hall, a certificate over the request's key; no-store.")
def enrolment_gives_a_certificate(visit: Visit) -> None:
    """A good code is answered with hall and certificate, and signed requests count from then on."""
    asked, answer = _first(visit)
    expect(answer, 201)
    told = json_of(answer)
    same(told.get("terminal"), asked.terminal, "terminal")
    hall = told.get("hall")
    if not isinstance(hall, dict) or not {"code", "name"} <= set(hall):  # pyright: ignore[reportUnknownArgumentType] - of JSON
        raise Broken("`hall` has no code and name")
    look_at_certificate(str(told.get("certificate")).encode(), asked.terminal, asked.tls_key, visit.own.signer.now())
    same("no-store" in (answer.field("Cache-Control") or ""), True, "no-store in Cache-Control")
    expect(visit.progress(new_uid()), 404)


@rules("Keep what a used code was answered: the answer may have been lost on the way.")
def enrolment_again_same_certificate(visit: Visit) -> None:
    """The same code with the same keys gets the same certificate again."""
    asked, answer = _first(visit)
    again = enrol(visit.door, asked.body())
    expect(again, 201)
    same(json_of(again).get("certificate"), json_of(answer).get("certificate"), "the certificate of the second answer")


@rules("Refuse a used code with other keys by the same 404 as an unknown one.")
def enrolment_of_a_used_code_404(visit: Visit) -> None:
    """A used code makes nobody else a terminal: 404 of type `enrolment`."""
    asked, _ = _first(visit)
    expect(enrol(visit.door, new_keys(asked.code).body()), 404, kind="enrolment")
    stolen = Enrolling(code=asked.code, key=asked.key, tls_key=ec.generate_private_key(ec.SECP256R1()))
    expect(enrol(visit.door, stolen.body()), 404, kind="enrolment")
