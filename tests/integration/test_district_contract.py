"""`district/openapi.yaml` against what is really sent and answered, judged by Prism, which nobody here wrote."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.routing import Route

from district.api import Api
from district.app import Settings, create_app
from district.authority import new_authority
from district.catalogue import Catalogues, add_catalogue
from district.embedded import EmbeddedDistrict
from district.enrolment import MOST_REFUSALS, Enrolments, add_enrolments
from district.halls import Halls
from district.keys import signing_key
from district.renewing import add_terminals
from district.store import DistrictStore
from district.submissions import add_submissions
from district.telemetry import Telemetry, add_telemetry
from district.terminals import Terminals
from district.uploads import add_uploads
from offline_queue.catalogue import Catalogue, MatterFile, sign_catalogue
from offline_queue.certificate import OwnCertificate
from offline_queue.client import PlatformClient
from offline_queue.enrolment import enrolment, new_code
from offline_queue.model import Paper
from offline_queue.retry import Answer, Outcome
from offline_queue.signing import RequestSigner
from offline_queue.store import Store
from offline_queue.sync import sync_once
from offline_queue.wire import (
    PLAIN_TYPE,
    PROBLEM,
    Envelope,
    Rating,
    State,
    canonical_bytes,
    content_digest,
    read_problem,
    read_progress,
)
from offline_queue.work import FormWork
from tests.support.asked import ask
from tests.support.peers import ROOT, Peer, prism
from tests.support.ports import free_port
from tests.support.queue_rig import RudeServer, http_answer, open_store, stored
from tests.support.sealed_rig import KeyedDistrict, open_sealing_store

CONTRACT: dict[str, Any] = yaml.safe_load((ROOT / "district" / "openapi.yaml").read_text("utf-8"))
UID = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"
# Prism reads a body as text, so what goes through it is ASCII.
PAPER = Paper(material="m", media_type="text/plain", content=b"a scanned page " * 100_000)
STRICT = "stoplight.io/prism/errors"


def declared() -> dict[str, dict[str, set[str]]]:
    """Path -> method -> statuses, as the contract has them."""
    methods = ("get", "put", "post", "patch", "head", "delete")
    return {
        path: {method: set(does["responses"]) for method, does in item.items() if method in methods}
        for path, item in CONTRACT["paths"].items()
    }


def test_the_platform_serves_what_the_contract_says_and_no_more(tmp_path: Path) -> None:
    app = create_app(Settings(database=f"sqlite:///{tmp_path / 'd.db'}", papers=tmp_path / "papers"), staff=False)
    served: dict[str, set[str]] = {}
    for route in app.routes:
        assert isinstance(route, Route)
        served.setdefault(route.path_format, set()).update(method.lower() for method in route.methods or ())
    assert served == {path: set(item) for path, item in declared().items()}


def refused_in(endpoint: Callable[..., object]) -> set[str]:
    """The refusals that stand in an endpoint's source, and in that of what it calls."""
    source = inspect.getsource(endpoint)
    module = inspect.getmodule(endpoint)
    called = [getattr(module, name) for name in set(re.findall(r"\b(_?[a-z_]+)\(", source)) if hasattr(module, name)]
    called = [one for one in called if inspect.isfunction(one) and one.__module__.startswith("district.")]
    source += "".join(inspect.getsource(one) for one in called if one.__name__ != "problem")
    return set(re.findall(r"(?:problem\(|status_code=)\s*([45]\d{2})\b", source))


def test_every_refusal_is_in_the_contract(tmp_path: Path) -> None:
    store = DistrictStore(f"sqlite:///{tmp_path / 'd.db'}", tmp_path / "papers")
    api = Api()
    add_submissions(api, store)
    add_uploads(api, store.papers)
    add_telemetry(api, Telemetry(store.engine))
    add_terminals(api, Terminals(store.engine), None)
    add_catalogue(api, Catalogues(store.engine))
    gated = len(api.routes)
    add_enrolments(api, Enrolments(store.engine))
    for number, route in enumerate(api.routes):
        (method,) = route.methods or {""}
        gate = {"401", "403", "429", "503"} if number < gated else {"503"}
        says = declared()[route.path_format][method.lower()]
        assert refused_in(route.endpoint) | gate <= says, (route.path_format, refused_in(route.endpoint) - says)
    assert len(api.routes) == sum(len(item) for item in declared().values()) - 1  # and health
    assert {"400", "404", "409", "412", "413", "415", "422", "503"} <= refused_in(
        next(route.endpoint for route in api.routes if route.methods == {"PATCH"})
    )
    store.close()


def test_every_problem_that_is_answered_is_in_the_contract() -> None:
    told = set(CONTRACT["components"]["schemas"]["ProblemType"]["enum"])
    sources = [path.read_text("utf-8") for path in sorted((ROOT / "district").rglob("*.py"))]
    words = {word for text in sources for word in re.findall(r'(?:problem\(\s*\d{3},\s*|kind=)"([a-z-]+)"', text)}
    assert len(words) > 15
    assert {PROBLEM + word for word in words} <= told


# --- Prism between a terminal and the platform ------------------------------------------------------------------------


@dataclass
class Judged:
    """A platform that asks for signatures, and its terminal's address of it: through Prism."""

    district: EmbeddedDistrict
    keys: KeyedDistrict
    url: str


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judged]:
    folder, port = tmp_path_factory.mktemp("judged"), free_port()
    keys = KeyedDistrict.new(folder / "keys")
    new_authority(folder / "ca", name="Terminals", now=datetime.now(tz=UTC))
    (folder / "bundle.json").write_bytes(keys.bundle())
    settings = Settings(
        database=f"sqlite:///{folder / 'district.db'}",
        papers=folder / "papers",
        keys=keys.folder,
        public_url=f"http://127.0.0.1:{port}",
        authority=folder / "ca",
        bundle=folder / "bundle.json",
    )
    with (
        EmbeddedDistrict.of(settings) as district,
        prism("proxy", district.url, port=port) as line,
    ):
        yield Judged(district, keys, line.url)


@pytest.fixture
def store(tmp_path: Path, judged: Judged) -> Iterator[Store]:
    opened = open_store(tmp_path / "queue")
    judged.district.register("TY03", opened.public_key[1])
    yield opened
    opened.close()


def told(outcome: Outcome) -> tuple[int, str]:
    """Status and problem; a violation of the contract would be Prism's own problem."""
    assert isinstance(outcome, Answer), outcome
    assert STRICT.encode() not in outcome.body, outcome.body
    return outcome.status, read_problem(outcome.body).type.removeprefix(PROBLEM)


def test_all_that_a_terminal_sends_and_hears_is_as_the_contract_says(store: Store, judged: Judged) -> None:
    uid = stored(store.put(matter="m", form={"name": "王秀英", "n": [1, 1.5, None]}, attachments=[PAPER] * 2)).uid
    for n in range(3):
        store.put(matter="m", form={"n": n}, test=n == 1)
    store.rate(uid, 5)
    store.report("heartbeat", {**store.health(), "version": "0.1.0", "clock_offset_seconds": 0})
    client = PlatformClient(judged.url, signer=store.signer())
    summary = sync_once(store, client)
    assert (summary.delivered, summary.failed, summary.held) == (4, 0, 0)
    alone = stored(store.put(matter="m", form={})).uid
    assert sync_once(store, client).delivered == 1
    assert {item.state for item in store.list()} == {State.DONE}
    client.close()
    received = judged.district.open_store()
    item = store.show(alone)
    row = received.submission(alone)
    assert item is not None
    assert row is not None
    assert row.sha256 == item.sha256
    received.close()


def test_sealed_forms_are_as_the_contract_says(tmp_path: Path, judged: Judged) -> None:
    """Alone and in a batch. Sealed papers are no text, so they go past Prism in other tests."""
    store = open_sealing_store(tmp_path, judged.keys.install(tmp_path))
    judged.district.register("TY03", store.public_key[1])
    client = PlatformClient(judged.url, signer=store.signer())
    for count in (1, 2):
        for n in range(count):
            store.put(matter="m", form={"n": n})
        summary = sync_once(store, client)
        assert (summary.delivered, summary.failed, summary.held) == (count, 0, 0), store.list()
    client.close()
    store.close()


def test_refusals_are_as_the_contract_says(tmp_path: Path, store: Store, judged: Judged) -> None:
    uid = stored(store.put(matter="m", form={}, attachments=[PAPER])).uid
    client = PlatformClient(judged.url, signer=store.signer())
    work = store.outbox.next_work()
    assert isinstance(work, FormWork)
    assert told(client.put_form(uid, work.body, work.media_type)) == (201, "about:blank")
    assert told(client.put_form(uid, work.body, work.media_type)) == (200, "about:blank")
    assert told(client.put_form(uid, work.body.replace(b'"m"', b'"n"'), work.media_type)) == (422, "conflict")
    assert told(client.put_form(UID, work.body, work.media_type)) == (422, "uid")
    assert told(client.progress(UID)) == (404, "unknown")
    item = store.show(uid)
    assert item is not None
    paper = item.attachments[0].id
    assert told(client.send_chunk(paper, 5, b"x")) == (409, "offset")
    assert told(client.send_chunk(UID, 0, b"x")) == (404, "unknown")
    assert told(client.attachment_offset(UID))[0] == 404
    assert told(client.put_rating(UID, canonical_bytes(Rating(level=1)))) == (404, "unknown")
    assert told(client.put_rating(uid, canonical_bytes(Rating(level=1)))) == (200, "about:blank")
    assert told(client.put_rating(uid, canonical_bytes(Rating(level=2)))) == (422, "conflict")
    client.close()
    stranger = PlatformClient(judged.url)
    assert told(stranger.progress(uid)) == (401, "signature")
    assert told(stranger.attachment_offset(paper))[0] == 401
    stranger.close()
    key = Ed25519PrivateKey.from_private_bytes((tmp_path / "queue" / "terminal.key").read_bytes())
    late = PlatformClient(judged.url, signer=RequestSigner(key, wall=lambda: 0.0))
    assert told(late.progress(uid)) == (200, "about:blank")  # after a 401 of type clock
    assert late.clock_offset > 1e9
    late.close()


def judged_answer(answer: requests.Response) -> tuple[int, str]:
    """As `told`, of what no terminal's client sends."""
    assert STRICT not in answer.text, answer.text
    return answer.status_code, read_problem(answer.content).type.removeprefix(PROBLEM)


def asked_by(store: Store, method: str, url: str, body: bytes = b"", **headers: str) -> requests.Response:
    """A request that the terminal of this queue signs."""
    signer = store.signer()
    assert signer is not None
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if body:
        sent["Content-Digest"] = content_digest(body)
    sent |= signer.fields(method, url, sent)
    return requests.request(method, url, data=body or None, headers=sent, timeout=20)


def test_an_enrolment_is_as_the_contract_says(tmp_path: Path, judged: Judged) -> None:
    received = judged.district.open_store()
    Halls(received.engine).add("taoyuan", "Taoyuan")
    code = Enrolments(received.engine).invite("TY07", "taoyuan").code
    received.close()
    key = Ed25519PrivateKey.generate()
    own = OwnCertificate(tmp_path / "cert.pem", tmp_path / "key.pem")

    def enrol(code: str, request: bytes) -> requests.Response:
        body = enrolment(code, key, request)
        headers = {"Content-Type": "application/json", "Content-Digest": content_digest(body)}
        return requests.post(f"{judged.url}/v1/enrolments", data=body, headers=headers, timeout=20)

    request = own.first_request("TY07")
    assert judged_answer(enrol(new_code("TY07"), request)) == (404, "enrolment")
    assert judged_answer(enrol(code, own.first_request("TY08"))) == (422, "request")
    first = enrol(code, request)
    assert judged_answer(first) == (201, "about:blank")
    assert first.json()["bundle"] is not None
    assert enrol(code, request).json() == first.json()
    for _ in range(MOST_REFUSALS - 1):
        assert judged_answer(enrol(new_code("TY07"), request)) == (404, "enrolment")
    slow = enrol(code, request)
    assert judged_answer(slow) == (429, "later")
    assert 0 < int(slow.headers["Retry-After"]) <= 600


def test_a_catalogue_is_as_the_contract_says(store: Store, judged: Judged) -> None:
    url = f"{judged.url}/v1/catalogue"
    assert judged_answer(asked_by(store, "GET", url)) == (404, "unknown")
    matters = (MatterFile(name="x.yaml", text="id: x"),)
    key = signing_key(judged.keys.folder)
    package = sign_catalogue(Catalogue(version=1, created=datetime.now(tz=UTC), files=matters), key)
    received = judged.district.open_store()
    Catalogues(received.engine).publish(package, judged.keys.signer)
    received.close()
    got = asked_by(store, "GET", url)
    assert judged_answer(got) == (200, "about:blank")
    assert got.content == package
    assert judged_answer(asked_by(store, "GET", url, If_None_Match=got.headers["ETag"]))[0] == 304
    assert judged_answer(requests.get(url, timeout=20)) == (401, "signature")


def test_a_supplement_is_as_the_contract_says(store: Store, judged: Judged) -> None:
    uid = stored(store.put(matter="m", form={})).uid
    client = PlatformClient(judged.url, signer=store.signer())
    work = store.outbox.next_work()
    assert isinstance(work, FormWork)
    assert told(client.put_form(uid, work.body, work.media_type))[0] == 201
    answer = Envelope.model_validate_json(work.body).model_copy(update={"uid": str(uuid4()), "supplement_of": UID})
    body = canonical_bytes(answer)
    assert told(client.put_form(answer.uid, body, PLAIN_TYPE)) == (422, "supplement")
    received = judged.district.open_store()
    ask(received.engine, uid=uid, name=UID)
    received.close()
    shown = client.progress(uid)
    assert told(shown)[0] == 200
    assert isinstance(shown, Answer)
    progress = read_progress(shown.body)
    assert progress is not None
    assert progress.supplement is not None
    assert progress.supplement.id == UID
    assert told(client.put_form(answer.uid, body, PLAIN_TYPE)) == (201, "about:blank")
    assert told(client.progress(uid))[0] == 200
    client.close()


def test_what_a_terminal_asks_for_itself_is_as_the_contract_says(tmp_path: Path, store: Store, judged: Judged) -> None:
    client = PlatformClient(judged.url, signer=store.signer())
    own = OwnCertificate(tmp_path / "cert.pem", tmp_path / "key.pem")
    assert told(client.renew_certificate("TY03", own.first_request("TY03")))[0] == 201
    assert told(client.renew_certificate("TY03", b"nonsense")) == (422, "request")
    assert told(client.renew_certificate("TY04", own.first_request("TY04"))) == (404, "unknown")
    assert told(client.retire("TY04")) == (404, "unknown")
    other = Store.open(tmp_path / "other", terminal="TY09", district="district.example")
    judged.district.register("TY09", other.public_key[1])
    leaving = PlatformClient(judged.url, signer=other.signer())
    assert told(leaving.retire("TY09"))[0] == 204
    assert told(leaving.progress(UID)) == (403, "terminal")
    for one in (client, leaving):
        one.close()
    other.close()


def test_a_contract_that_is_broken_is_noticed(judged: Judged) -> None:
    """Prism is no decoration: what the contract does not allow comes back as its own problem, from either side."""
    url = f"{judged.url}/v1/submissions/{UID}"
    spoilt = requests.put(url, data=b"{}", headers={"Content-Type": "application/json"}, timeout=20)
    assert (spoilt.status_code, STRICT in spoilt.json()["type"]) == (422, True)
    lying = RudeServer(http_answer("200 OK", b'{"uid":"x"}', Content_Type="application/json"))
    with lying, prism("proxy", lying.url) as line:
        client = PlatformClient(line.url)
        answer = client.progress(UID)
        client.close()
    assert isinstance(answer, Answer)
    assert (answer.status, STRICT.encode() in answer.body) == (500, True)


def test_statuses_that_no_terminal_meets_are_declared_too(tmp_path: Path) -> None:
    with EmbeddedDistrict(tmp_path) as district:

        def answer(method: str, path: str, template: str, body: bytes, **headers: str) -> int:
            fields = {name.replace("_", "-"): value for name, value in headers.items()}
            got = requests.request(method, district.url + path, data=body, headers=fields, timeout=20)
            assert str(got.status_code) in declared()[template][method.lower()], got.status_code
            return got.status_code

        paper, template = f"/v1/attachments/{UID}", "/v1/attachments/{name}"
        tus = {"Content_Type": "application/offset+octet-stream", "Tus_Resumable": "1.0.0", "Upload_Offset": "0"}
        assert answer("PATCH", paper, template, b"x", **{**tus, "Content_Type": "text/plain"}) == 415
        assert answer("PATCH", paper, template, b"x", **{**tus, "Tus_Resumable": "0.2"}) == 412
        assert answer("HEAD", paper, template, b"", Tus_Resumable="0.2") == 412
        assert answer("PATCH", paper, template, b"x", **{**tus, "Upload_Offset": "x"}) == 400
        assert answer("PATCH", paper, template, b"x", **tus) == 404
        form, template = f"/v1/submissions/{UID}", "/v1/submissions/{uid}"
        assert answer("PUT", form, template, b"{}") == 400
        named = {"Idempotency_Key": f'"{UID}"'}
        assert answer("PUT", form, template, b"{}", **named) == 400
        assert answer("PUT", form, template, b"{}", Content_Digest=content_digest(b"{}"), **named) == 422
        assert answer("PUT", form, template, b"x" * (1024 * 1024 + 1), **named) == 413
        batch = "/v1/submissions"
        assert answer("POST", batch, batch, b"{}") == 400
        assert answer("POST", batch, batch, b"{}", Content_Digest=content_digest(b"{}")) == 422
        report, template = "/v1/telemetry/heartbeat", "/v1/telemetry/{kind}"
        assert answer("PUT", report, template, b"[1]") == 422
        assert answer("PUT", report, template, b"[" * 60_000) == 422
        assert answer("PUT", report, template, b"x" * 70_000) == 413
        assert answer("PUT", report, template, b'{"n":1}', Content_Digest="sha-256=:AAAA:") == 400
        assert answer("PUT", report, template, b'{"n":1}') == 204
        assert answer("GET", "/v1/health", "/v1/health", b"") == 200
        code, path = new_code("TY03"), "/v1/enrolments"
        asked = enrolment(code, Ed25519PrivateKey.generate(), b"request")
        assert answer("POST", path, path, asked, Content_Digest=content_digest(asked)) == 501
        assert answer("POST", path, path, asked) == 400
        assert answer("POST", path, path, b"{}", Content_Digest=content_digest(b"{}")) == 422
        assert answer("POST", path, path, b"x" * 30_000) == 413


# --- Prism in the platform's place ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mock() -> Iterator[Peer]:
    with prism("mock") as running:
        yield running


def test_a_mock_takes_every_request_and_is_believed_in_nothing(tmp_path: Path, mock: Peer) -> None:
    """It validates each request, and answers with receipts that are well formed and about somebody else's bytes."""
    store = open_store(tmp_path)
    uids = [stored(store.put(matter="m", form={"n": n}, attachments=[PAPER])).uid for n in range(2)]
    client = PlatformClient(mock.url, signer=store.signer())
    sync_once(store, client)
    assert {one.state for one in store.list()} == {State.READY}
    assert {one.last_error for one in store.list()} == {"not-a-receipt"}
    for outcome, status in (
        (client.attachment_offset(uids[0]), 200),
        (client.send_chunk(uids[0], 0, b"x"), 204),
        (client.progress(uids[0]), 200),
        (client.put_rating(uids[0], canonical_bytes(Rating(level=3))), 200),
        (client.report("heartbeat", b'{"waiting":1}'), 204),
    ):
        assert told(outcome)[0] == status
    client.close()
    store.close()
