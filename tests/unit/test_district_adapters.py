"""Adapters: what becomes of a case, signatures that OpenSSL's program agrees with, and what answers mean."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from pydantic import JsonValue

from district.adapters.answers import read_answer
from district.adapters.credentials import Credentials
from district.adapters.file import AdapterFile, Reading
from district.adapters.receiver import items_of, rehearse
from district.adapters.requests import MAX_REQUEST_BYTES, prepare
from district.adapters.values import Mapper, Unmapped
from district.receiving import Delivered, Delivery, Event, Later, Refused
from tests.support.adapter_files import read
from tests.support.deliveries import case, delivery, openssl_digest, openssl_mac, without_content

SECRET = "b8f0c1d2e3a4958677889900aabbccdd"
CREDENTIALS = Credentials(app_key="APP0042", secret=SECRET.encode())
CONTENTS = ["/9ggdGhlIHJlZ2lzdGVy", "JVBERiB0aGUgY2FyZA=="]
PROXY = '{"birth_date":"1975-03-03","id_number":"330726197503031234","name":"王建国","sex":"male"}'
NOW = 1_795_398_151.25


def mapper(file: AdapterFile | None = None, of: Delivery | None = None, *, masked: bool = False) -> Mapper:
    of = of or delivery()
    codes = {} if file is None else file.codes
    return Mapper(case=of.case, papers=list(items_of(of)), codes=codes, zone="+08:00", masked=masked)


# --- values -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("node", "value"),
    [
        ({"fixed": "111"}, "111"),
        ({"fixed": "7", "as": "number"}, 7),
        ({"fixed": "true", "as": "true-false"}, True),
        ({"from": "form.applicant.name"}, "王秀英"),
        ({"from": "form.answers.contribution_level"}, "500"),
        ({"from": "form.answers.contribution_level", "as": "number"}, 500),
        ({"from": "form.on_behalf"}, "true"),
        ({"from": "form.on_behalf", "as": "value"}, True),
        ({"from": "form.answers.consents", "as": "value"}, ["a", "b"]),
        ({"from": "form.answers.consents.1"}, "b"),
        ({"from": "form.proxy", "as": "json"}, PROXY),
        ({"from": "form.applicant.sex", "codes": "sex"}, "2"),
        ({"from": "kiosk", "codes": "any"}, "other"),
        ({"from": "received_at", "date": "%Y-%m-%d %H:%M:%S"}, "2026-11-23 09:02:20"),
        ({"from": "form.applicant.birth_date", "date": "%Y%m%d"}, "19500101"),
        ({"from": "created", "date": "%Y年%m月%d日"}, "2026年11月23日"),
        ({"from": "received_at", "date": "epoch-milliseconds", "as": "number"}, 1_795_395_740_000),
        ({"from": "received_at", "date": "epoch-seconds"}, "1795395740"),
        ({"from": "rating", "missing": "empty"}, ""),
        ({"from": "rating", "missing": "null"}, None),
        ({"from": "form.applicant.name.0", "missing": "empty"}, ""),
        ({"join": [{"from": "kiosk"}, {"fixed": "3"}], "between": "/"}, "TY03/3"),
        ({"fields": {"xm": {"from": "form.proxy.name"}, "x": {"from": "rating", "missing": "omit"}}}, {"xm": "王建国"}),
        (
            {"each": "papers", "item": {"fields": {"t": {"from": "item.material"}, "n": {"from": "case_number"}}}},
            [{"t": "household-register", "n": "2026-000123"}, {"t": "id-card-front", "n": "2026-000123"}],
        ),
        ({"each": "form.answers.consents", "item": {"from": "item"}}, ["a", "b"]),
        ({"each": "form.nothing", "item": {"from": "item"}}, []),
        ({"each": "papers", "item": {"from": "item.content", "as": "base64"}}, CONTENTS),
    ],
)
def test_values_are_made_as_the_file_says(node: dict[str, Any], value: JsonValue) -> None:
    codes = {"sex": {"female": "2", "male": "1"}, "any": {"*": "other"}}
    file = read(event={"body": {"x": node}}, codes=codes)
    made = mapper(file).fields(file.events[Event.COMPLETE].body)
    assert made == {"x": value}
    assert type(made["x"]) is type(value)


@pytest.mark.parametrize(
    ("node", "reason"),
    [
        ({"from": "rating"}, "missing:rating"),
        ({"from": "form.answers.shoe_size"}, "missing:form.answers.shoe_size"),
        ({"from": "matter", "codes": "matters"}, "no-code:matters"),
        ({"from": "form.applicant.name", "date": "%Y"}, "not-a-time:form.applicant.name"),
        ({"from": "form.applicant.name", "as": "number"}, "not-a-number:form.applicant.name"),
        ({"from": "form.applicant.name", "as": "true-false"}, "not-true-or-false:form.applicant.name"),
        ({"from": "form.applicant"}, "not-a-text:form.applicant"),
        ({"each": "form.applicant", "item": {"from": "item"}}, "not-a-list:form.applicant"),
        ({"each": "papers", "item": {"from": "item.content", "as": "json"}}, "not-json:item.content"),
    ],
)
def test_a_case_that_cannot_be_put_so_is_refused_by_place_and_never_by_value(node: dict[str, Any], reason: str) -> None:
    file = read(event={"body": {"x": node}}, codes={"matters": {"another": "1"}})
    with pytest.raises(Unmapped) as trouble:
        mapper(file).fields(file.events[Event.COMPLETE].body)
    assert trouble.value.reason == reason


def test_an_object_is_left_out_where_its_reason_is_not() -> None:
    node = {"dlr": {"when": "form.proxy", "fields": {"xm": {"from": "form.proxy.name"}}}}
    file = read(event={"body": node})
    body = file.events[Event.COMPLETE].body
    assert mapper(file).fields(body) == {"dlr": {"xm": "王建国"}}
    alone = delivery(of=case(form={"proxy": None}))
    assert mapper(file, alone).fields(body) == {}


def test_an_address_takes_values_as_one_segment_only() -> None:
    file = read(event={"path": "/cases/{case_number}/of/{kiosk}"})
    path = file.events[Event.COMPLETE].path
    assert mapper().address(path) == "/cases/2026-000123/of/TY03"
    odd = delivery(of=case(case_number="../a?b#c 中"))
    assert mapper(of=odd).address("/x/{case_number}") == "/x/..%2Fa%3Fb%23c%20%E4%B8%AD"
    for value in ("", "..", ".", None):
        with pytest.raises(Unmapped, match="missing:case_number"):
            mapper(of=delivery(of=case(case_number=value))).address("/x/{case_number}")


# --- requests and their signatures ------------------------------------------------------------------------------------


def test_a_signature_over_headers_is_what_openssl_says() -> None:
    file = read()
    made = prepare(file, file.events[Event.COMPLETE], mapper(), CREDENTIALS, now=NOW)
    assert made.body == b'{"no":"2026-000123"}'
    assert (made.method, made.url) == ("POST", "https://province.example/gateway/case")
    assert (made.headers["X-App"], made.headers["X-Time"]) == ("APP0042", "1795398151250")
    digest = openssl_digest("sm3", made.body)
    text = f"POST\n/gateway/case\n1795398151250\n{made.headers['X-Nonce']}\n{digest}".encode()
    assert made.headers["X-Sign"] == openssl_mac("sm3", SECRET, text)
    again = prepare(file, file.events[Event.COMPLETE], mapper(), CREDENTIALS, now=NOW)
    assert again.headers["X-Nonce"] != made.headers["X-Nonce"]
    assert len(made.headers["X-Nonce"]) == 32


def test_a_signature_over_sorted_parameters_is_what_openssl_says() -> None:
    file = read(
        signing={
            "algorithm": "hmac-sha256",
            "carried_in": "query",
            "names": {"app_key": "appKey", "timestamp": "timestamp", "nonce": "nonce", "signature": "sign"},
            "timestamp": "%Y%m%d%H%M%S",
            "signs": ["parameters", "secret"],
            "joined_by": "&key=",
            "parameters": {"body": True},
            "encoded": "HEX",
        },
        event={
            "content": "form",
            "query": {"v": {"fixed": "1.0"}, "empty": {"fixed": ""}},
            "body": {
                "Zeta": {"from": "form.applicant.name"},
                "alpha": {"from": "matter"},
                "none": {"from": "rating", "missing": "empty"},
            },
        },
    )
    made = prepare(file, file.events[Event.COMPLETE], mapper(), CREDENTIALS, now=NOW)
    query = dict(parse_qsl(urlsplit(made.url).query, keep_blank_values=True))
    assert query["timestamp"] == "20261123094231"
    text = (
        f"Zeta=王秀英&alpha=pension-enrolment&appKey=APP0042&nonce={query['nonce']}&timestamp=20261123094231&v=1.0"
        f"&key={SECRET}"
    )
    assert query["sign"] == openssl_mac("sha256", SECRET, text.encode()).upper()
    assert dict(parse_qsl(made.body.decode())) == {"Zeta": "王秀英", "alpha": "pension-enrolment"}
    assert made.headers["Content-Type"] == "application/x-www-form-urlencoded"


def test_parameters_may_be_encoded_and_members_that_are_objects_are_compact_json() -> None:
    file = read(
        signing={
            "signs": ["app-key", "parameters", "body"],
            "joined_by": "|",
            "parameters": {"body": True, "percent_encoded": True, "skip_empty": False, "pair": ":", "between": ","},
            "encoded": "base64",
        },
        event={"body": {"a": {"fields": {"x": {"from": "form.proxy.name"}}}, "n": {"fixed": ""}}},
    )
    made = prepare(file, file.events[Event.COMPLETE], mapper(), CREDENTIALS, now=NOW)
    nonce, when = made.headers["X-Nonce"], made.headers["X-Time"]
    inner = "%7B%22x%22%3A%22%E7%8E%8B%E5%BB%BA%E5%9B%BD%22%7D"
    text = f"APP0042|X-App:APP0042,X-Nonce:{nonce},X-Time:{when},a:{inner},n:|".encode() + made.body
    assert made.text == text
    mac = bytes.fromhex(openssl_mac("sm3", SECRET, text))
    assert made.headers["X-Sign"] == base64.b64encode(mac).decode()


def test_multipart_has_its_fields_and_papers() -> None:
    file = read(
        event={
            "content": "multipart",
            "body": {"no": {"from": "case_number"}},
            "files": {"field": "file", "name": {"join": [{"fixed": '户口"'}, {"from": "item.material"}]}},
        }
    )
    made = prepare(file, file.events[Event.COMPLETE], mapper(), CREDENTIALS, now=NOW)
    boundary = made.headers["Content-Type"].partition("boundary=")[2]
    parts = made.body.split(f"--{boundary}".encode())
    assert len(parts) == 5
    assert parts[1] == b'\r\nContent-Disposition: form-data; name="no"\r\n\r\n2026-000123\r\n'
    head = '\r\nContent-Disposition: form-data; name="file"; filename="户口%22household-register"\r\n'.encode()
    assert parts[2] == head + b"Content-Type: image/jpeg\r\n\r\n\xff\xd8 the register\r\n"
    assert parts[4] == b"--\r\n"


def test_what_is_no_header_and_what_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for header, reason in (("form.applicant.name", "not-for-a-header:X-Name"), ("form.answers.consents", "not-a-text")):
        file = read(event={"headers": {"X-Name": {"from": header}}})
        with pytest.raises(Unmapped, match=reason):
            prepare(file, file.events[Event.COMPLETE], mapper(), CREDENTIALS, now=NOW)
    assert MAX_REQUEST_BYTES >= 64 * 1024 * 1024
    monkeypatch.setattr("district.adapters.requests.MAX_REQUEST_BYTES", 10)
    for event in ({}, {"content": "multipart", "body": {}, "files": {"field": "f", "name": {"fixed": "n"}}}):
        file = read(event=event)
        with pytest.raises(Unmapped, match="too-large"):
            prepare(file, file.events[Event.COMPLETE], mapper(), CREDENTIALS, now=NOW)


# --- answers ----------------------------------------------------------------------------------------------------------

READING = Reading.model_validate(
    {
        "success": {"path": "code", "one_of": ["0", "200"]},
        "repeated": {"path": "code", "one_of": ["1009"]},
        "retry": {"path": "code", "one_of": ["5001"]},
        "number": "data.list.0.slbh",
    }
)


@pytest.mark.parametrize(
    ("body", "meaning"),
    [
        ({"code": 0, "data": {"list": [{"slbh": "331100-1"}]}}, Delivered(number="331100-1")),
        ({"code": "200", "data": {"list": [{"slbh": 17}]}}, Delivered(number="17")),
        ({"code": "200"}, Delivered(number=None)),
        ({"code": "200", "data": {"list": [{"slbh": "x" * 129}]}}, Delivered(number=None)),
        ({"code": "1009", "data": {"list": [{"slbh": "331100-1"}]}}, Delivered(number="331100-1")),
        ({"code": "5001"}, Later(error="their-5001")),
        ({"code": "4003", "msg": "身份证号 33072619500101123X 不存在"}, Refused(error="their-4003")),
        ({"code": "王秀英 is unknown"}, Refused(error="their-code")),
        ({"code": "x" * 25}, Refused(error="their-code")),
        ({"code": "33072619500101123X"}, Refused(error="their-code")),
        ({"code": "SYSTEM_ERROR-12345678"}, Refused(error="their-SYSTEM_ERROR-12345678")),
        ({"code": "0", "data": {"list": [{"slbh": "a\0b"}]}}, Delivered(number=None)),
        ({"code": "0", "data": {"list": [{"slbh": "\ud800"}]}}, Delivered(number=None)),
        ({"code": True}, Refused(error="their-true")),
        ({"status": "ok"}, Later(error="not-their-answer")),
        ([], Later(error="not-their-answer")),
        (None, Later(error="not-their-answer")),
    ],
)
def test_their_answer_is_read_as_the_file_says(body: JsonValue, meaning: object) -> None:
    assert read_answer(json.dumps(body).encode(), READING) == meaning


@pytest.mark.parametrize(
    "body", [b"", b"<html>welcome to our network</html>", b"[" * 100_000, b'{"code": "0"', b"\xff"]
)
def test_what_is_not_their_json_is_tried_again(body: bytes) -> None:
    assert read_answer(body, READING) == Later(error="not-their-answer")


# --- a rehearsal ------------------------------------------------------------------------------------------------------


def test_a_rehearsal_shows_the_shape_and_nothing_personal() -> None:
    paper = {"id": {"from": "item.their_id"}, "b": {"from": "item.content", "as": "base64"}}
    file = read(
        codes={"sex": {"female": "2"}},
        event={
            "body": {
                "no": {"from": "case_number"},
                "xm": {"from": "form.applicant.name"},
                "sex": {"from": "form.applicant.sex", "codes": "sex"},
                "csrq": {"from": "form.applicant.birth_date", "date": "%Y%m%d"},
                "form": {"from": "form", "as": "json"},
                "level": {"from": "form.answers.contribution_level", "as": "number"},
                "agreed": {"each": "form.answers.consents", "item": {"from": "item"}},
                "papers": {"each": "papers", "item": {"fields": paper}},
                "theirs": {"from": "their_number"},
            },
            "papers": {"sent": "before", "path": "/files", "content": "paper", "their_id": "data.id"},
        },
    )
    *uploads, whole = rehearse(file, without_content(delivery(of=case(their_number="3311-7"))), CREDENTIALS, now=NOW)
    assert [(one.url, one.body) for one in uploads] == [("https://province.example/gateway/files", b"<a paper>")] * 2
    assert json.loads(whole.body) == {
        "no": "2026-000123",
        "xm": "<3 characters>",
        "sex": "2",
        "csrq": "<10 characters>",
        "form": "<what was filled in>",
        "level": "<3 characters>",
        "agreed": ["<1 characters>", "<1 characters>"],
        "papers": [{"id": "<their id>", "b": "<a paper>"}] * 2,
        "theirs": "3311-7",
    }
    assert list(rehearse(file, replace(delivery(), event="rated"), CREDENTIALS, now=NOW)) == []
