"""What staff read of a form, of the record and of a refusal: words, never codes; long numbers masked until asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import JsonValue

from district.catalogue import Catalogues
from district.outbox import Outbox
from district.staff import Role
from district.store import DistrictStore
from district.viewings import What
from district.web.filled_in import filled_in, masked
from district.web.titles import Titles
from district.web.words import RECORDS, label, refusal, told
from kiosk.domain.resident import Resident, Sex
from kiosk.journey.states import Agreed, Session
from kiosk.journey.submission import form_of
from offline_queue.catalogue import Catalogue, MatterFile, sign_catalogue
from tests.support.journeys import HALL, NOON, SCAN, Walk
from tests.support.staff_site import QUICK, Office, Piece, TurnedClock, hand_in, paper_of, uid

SIGNED = datetime(2026, 11, 23, 4, 5, tzinfo=UTC)
OLD = Resident("王秀英", "932682195803150025", Sex.FEMALE, date(1958, 3, 15), "resident-identity-card", "sam_verified")
SON = Resident("李建国", "E12345678", Sex.MALE, date(1985, 1, 1), "travel-document", "chip_authenticated")
CARD, PHONE = "6217001234567890122", "13812345678"
ENROLMENT = form_of(Walk().to_storing().session, "zh", SIGNED)
PAYOUT = form_of(
    Session(
        1,
        matter=next(one for one in HALL.matters if one.id == "pension-payout-account"),
        on_behalf=True,
        agreed=Agreed(version="2026-11", at=NOON),
        applicant=OLD,
        proxy=SON,
        answers=MappingProxyType({"account": CARD, "phone": PHONE, "contact": "李建国"}),
        written=frozenset({"contact"}),
        scans=MappingProxyType({"bank-card": (SCAN,)}),
        signature=b"png",
    ),
    "en",
    SIGNED,
)
ALONE: dict[str, JsonValue] = {**PAYOUT, "answers": {"contact": "nobody"}, "written": []}
FISHING = """
id: fishing-licence
title: {zh: 捕捞许可证}
materials: [{id: boat-photo, name: {zh: 渔船照片}}, 7]
questions:
- {id: boats, ask: {zh: 有几条船？}, options: [{value: two, label: {zh: 两条}}, {value: 3, label: {zh: 三条}}, x]}
- {id: port, ask: {zh: 停在几号码头？}}
- {ask: {zh: 没有名字}}
- 5
"""


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setattr("district.staff._HASHER", QUICK)
    running = Office(tmp_path / "district")
    yield running
    running.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DistrictStore]:
    opened = DistrictStore(f"sqlite:///{tmp_path / 'd.db'}", tmp_path / "papers", None)
    yield opened
    opened.close()


def publish(store: DistrictStore, *matters: MatterFile) -> None:
    key = Ed25519PrivateKey.generate()
    package = sign_catalogue(Catalogue(version=1, created=TurnedClock().now, files=matters), key)
    Catalogues(store.engine).publish(package, key.public_key().public_bytes_raw())


def shipped() -> list[MatterFile]:
    there = (files("kiosk.catalogue") / "data").iterdir()
    return [MatterFile(name=one.name, text=one.read_text("utf-8")) for one in there if one.name.endswith(".yaml")]


def titles(store: DistrictStore) -> Titles:
    made = Titles(store.engine)
    made.look()
    return made


def test_a_form_of_each_matter_is_in_the_words_of_the_published_catalogue(store: DistrictStore) -> None:
    publish(store, *shipped())
    assert dict(filled_in(ENROLMENT, titles(store), openly=True)) == {
        "事项": "城乡居民养老保险参保登记",
        "由别人代办": "否",
        "申请人 · 姓名": "王秀英",
        "申请人 · 证件号码": "932682196803150025",
        "申请人 · 性别": "女",
        "申请人 · 出生日期": "1968年03月15日",
        "申请人 · 出示的证件": "社会保障卡",
        "申请人 · 核验方式": "读自卡上，没有签名可以核对",
        "代办人": "—",
        "您的手机号是多少？": "13812345678",
        "户口在哪个村或社区？": "003（大厅名单里的编号）",
        "户口是哪一种？": "农业户口",
        "每年交多少？": "500 元",
        "材料页数 · 户口簿本人页": "1",
        "知情同意 · 版本": "2026-11",
        "知情同意 · 时间": "2026年11月23日 12:00",
        "签名时间": "2026年11月23日 12:05",
        "办理语言": "中文",
    }
    read = dict(filled_in({**PAYOUT, "answers": {"contact": "李建国", "phone": PHONE, "account": CARD}}, titles(store)))
    asked = [label for label in read if label.endswith("？")]
    assert asked == ["养老金发到哪张卡？", "您的手机号是多少？", "找不到您时，可以找家里谁？"]
    assert read["养老金发到哪张卡？"] == "621************0122"
    assert read["您的手机号是多少？"] == "138****5678"
    assert read["找不到您时，可以找家里谁？"] == "李建国（手写）"
    assert read["代办人 · 出示的证件"] == "护照或出入境证件"
    assert read["代办人 · 核验方式"] == "芯片验证通过，不是复制的"
    assert read["办理语言"] == "英文"


def test_an_english_page_has_the_english_words_of_the_catalogue(office: Office) -> None:
    publish(office.store, *shipped(), MatterFile(name="fishing.yaml", text=FISHING))
    case = hand_in(office.store, 1, whole=ENROLMENT)
    fishing = hand_in(office.store, 2, matter="fishing-licence")
    clerk = office.person("li")
    page = clerk.get(f"/cases/{case}", Accept_Language="en").text
    for said in ("Join the resident basic pension", "What is your phone number?", "500 yuan", "social security card"):
        assert said in page
    # What it has in Chinese only is told in Chinese.
    assert "捕捞许可证" in clerk.get(f"/cases/{fishing}", Accept_Language="en").text
    assert "城乡居民养老保险参保登记" in clerk.get(f"/cases/{case}").text


@pytest.mark.parametrize("form", [ENROLMENT, PAYOUT, ALONE])
@pytest.mark.parametrize("published", [True, False])
def test_no_code_of_a_terminal_is_left(store: DistrictStore, form: dict[str, JsonValue], published: bool) -> None:
    if published:
        publish(store, *shipped())
    read = list(filled_in(form, titles(store)))
    assert len(read) > 10
    assert [line for line in read if re.search("[a-z_]|T[0-9]{2}:", "".join(line))] == []


def test_what_nobody_has_words_for_stands_as_it_was_sent(store: DistrictStore) -> None:
    form: dict[str, JsonValue] = {
        "matter": "x-1",
        "answers": {"boat": "b-7", "many": ["p", {"q": None}]},
        "written": ["gone"],
        "extra": True,
    }
    assert list(filled_in(form, titles(store))) == [
        ("事项", "x-1"),
        ("boat", "b-7"),
        ("many · 1", "p"),
        ("many · 2 · q", "—"),
        ("手写的内容 · 1", "gone"),
        ("extra", "是"),
    ]
    odd: dict[str, JsonValue] = {"answers": 3, "written": "x", "signed_at": "yesterday"}
    assert list(filled_in(odd, titles(store))) == [("填写内容", "3"), ("签名时间", "yesterday"), ("手写的内容", "x")]


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("33072619500101123x, 13800000000", "330***********123x, 138****0000"),
        ("330726500101123", "330********1123"),
        (f"卡号{CARD}。", "卡号621************0122。"),
        ("6217 0012 3456 7890 122", "621************0122"),
        ("138-0000-1234 或 +86 13800001234", "138****1234 或 +861******1234"),
        ("座机 0578-3123456，分机 12", "座机 057****3456，分机 12"),
        ("电话 3123456", "电话 *****56"),
        ("１３８００００１２３４", "１３８****１２３４"),
        ("tel13800001234", "tel138****1234"),
        ("2026-11-25 09:00 来", "2026-11-25 09:00 来"),
        ("河东路123弄45号302室，每年 5000 元", "河东路123弄45号302室，每年 5000 元"),
    ],
)
def test_long_numbers_are_masked_and_others_left_alone(typed: str, shown: str) -> None:
    assert masked(typed) == shown


def test_a_viewer_sees_no_account_and_no_telephone_and_a_clerk_asks_for_them(office: Office) -> None:
    case = hand_in(office.store, 1, matter="pension-payout-account", whole=PAYOUT)
    secrets = (CARD, PHONE, OLD.id_number, SON.id_number)
    page = office.person("zhao", Role.VIEWER).get(f"/cases/{case}").text
    assert [secret in page for secret in secrets] == [False] * 4
    assert "显示完整号码" not in page
    clerk = office.person("li")
    page = clerk.get(f"/cases/{case}").text
    assert [secret in page for secret in secrets] == [False] * 4
    page = clerk.post(f"/cases/{case}/numbers", {}).text
    assert [secret in page for secret in secrets] == [True] * 4


def test_matters_are_called_as_the_published_catalogue_calls_them(office: Office, tmp_path: Path) -> None:
    form: dict[str, JsonValue] = {"matter": "fishing-licence", "answers": {"boats": "two", "port": 3}}
    paper = Piece(material="boat-photo")
    case = hand_in(office.store, 1, matter="fishing-licence", papers=(paper,), whole=form)
    clerk = office.person("li")
    assert "fishing-licence" in clerk.get(f"/cases/{case}").text
    evil = f"!!python/object/apply:builtins.open ['{tmp_path / 'made'}', w]"
    texts = {"broken.yaml": "{", "odd.yaml": "- 1", "evil.yaml": evil}
    broken = (MatterFile(name=name, text=text) for name, text in texts.items())
    publish(office.store, MatterFile(name="fishing.yaml", text=FISHING), *broken)
    page = clerk.get(f"/cases/{case}").text
    assert [one in page for one in ("捕捞许可证", "渔船照片", "有几条船？", "两条", "停在几号码头？")] == [True] * 5
    assert "捕捞许可证" in clerk.get("/cases").text
    assert not (tmp_path / "made").exists()  # YAML makes data, and no objects


def test_a_case_that_another_platform_has_shows_its_number_there(office: Office) -> None:
    case = hand_in(office.store, 1)
    outbox = Outbox(office.store.engine)
    claimed = outbox.claim()
    assert claimed is not None
    outbox.delivered(claimed, "331100-2026-0000017")
    viewer = office.person("zhao", Role.VIEWER)
    page = viewer.get(f"/cases/{case}").text
    assert "已转办" in page
    assert "331100-2026-0000017" in page
    assert "没有接收" not in page

    refused = hand_in(office.store, 2)
    claimed = outbox.claim()
    assert claimed is not None
    outbox.refused(claimed, "missing:form.answers.phone")
    page = viewer.get(f"/cases/{refused}").text
    assert "对方平台没有接收这份办件：缺少对方要的“手机号码”。请告诉技术人员" in page
    assert "<small>missing:form.answers.phone</small>" in page  # for the technician, after the words
    assert outbox.skip(claimed.told.seq)
    assert "没有接收" not in viewer.get(f"/cases/{refused}").text


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("their-4001", "对方的答复是 4001"),
        ("http-422", "对方的服务器答复 HTTP 422"),
        ("no-code:sex", "对方的编码表“性别”里没有这一项"),
        ("too-large", "办件太大，对方收不下"),
        ("erased", "内容已经按保存期删除"),
        ("something-new", "原因见代码"),
    ],
)
def test_a_refusal_is_told_in_words(code: str, words: str) -> None:
    assert refusal(code, label) == words


def test_the_record_is_in_words(office: Office) -> None:
    case = hand_in(office.store, 1)
    clerk, viewer = office.person("li"), office.person("zhao", Role.VIEWER)
    clerk.get("/cases")
    clerk.post("/cases/find", {"number": "TY03-261123-0009-X"})
    clerk.post("/cases/find", {"number": "TY03-261123-0001-E"})
    clerk.post(f"/cases/{case}/stage", {"from": "complete", "to": "accepted"})
    clerk.get(f"/cases/{case}/supplement")
    clerk.post(f"/cases/{case}/supplement", {"from": "accepted", "others": "照片", "note": "请重拍"})
    clerk.post(f"/cases/{case}/stage", {"from": "supplement", "to": "declined", "note": "不在本地参保"})
    clerk.get(f"/cases/{case}/papers/{paper_of(case)}")
    clerk.get(f"/cases/{case}/papers/{paper_of(case)}/content")
    clerk.get("/account")
    clerk.post("/account/password", {"password": "x", "new": "y", "again": "y"})
    clerk.post("/account/others", {"password": "x"})
    clerk.get("/audit")
    viewer.get(f"/cases/{case}/supplement")
    viewer.get("/account")
    viewer.post(f"/cases/{uid(9)}/stage", {})
    admin = office.person("sun", Role.ADMIN)
    admin.get("/audit")
    admin.post("/audit", {"staff": "li"})
    page = admin.get("/audit").text
    rows = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in page.partition("<tbody>")[2].split("<tr>")[1:]]
    assert {row[4] for row in rows} == {
        "", "来自 127.0.0.1", "没有找到", "已受理", "要求补正的页面", "待补正", "确认“不予办理”的页面",
        f"材料 {paper_of(case)[:8]} 的页面", f"材料 {paper_of(case)[:8]}", "改密码时，现在的密码不对",
        "退出其他登录时，密码不对", "想看查看记录", "想提出补正", "想改办理阶段", "只看 li 的",
    }  # fmt: skip
    assert {row[2] for row in rows} <= set(RECORDS.values())


def test_the_words_of_the_record_bear_what_they_do_not_know() -> None:
    assert told("7f9619ff-8b86 2", What.PAPER) == "材料 7f9619ff，第 2 页"
    assert told("elsewhere", What.MOVED) == "elsewhere"
    assert told("PUT /x", What.FORBIDDEN) == "PUT /x"
    assert told("", What.SIGNED_IN) == told("", What.REFUSED) == ""
    assert told("more", "a-new-kind") == "more"
    assert told(f"GET /cases/{uid(1)}/papers/{paper_of(uid(1))}/content", What.FORBIDDEN) == "想看材料"
