"""Slips as a hall would print them; names and numbers are invented."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from pathlib import Path

from kiosk.receipts.slip import Slip

FONTS = Path(__file__).parents[2] / "ui" / "fonts"

CHINESE = Slip(
    language="zh",
    hall="清溪镇便民服务大厅",
    title="城乡居民基本养老保险参保登记",
    provisional_number="TY03-261123-0047-K",
    # As long as the real one: address, number, 128-bit token, key id and an Ed25519 signature in base64.
    qr_text="https://district.example.gov.cn/s#v1.TY03-261123-0047-K.q7mP2xW9ZrT4vB8nK1sLdA.k3." + "Ab3dEf9h-_5" * 8,
    applicant="王*兰",
    proxy=None,
    created=datetime(2026, 11, 23, 10, 32),  # noqa: DTZ001 (the hall's local time, as the slip wants it)
    materials=("居民户口簿 2 页", "手写签名"),
    stored_offline=True,
    case_number=None,
    test=False,
    reprint=False,
    terminal="TY03",
    help_line="有问题请找大厅工作人员，或拨打 0912-1234567。",
)
ENGLISH = dataclasses.replace(
    CHINESE,
    language="en",
    hall="Qingxi Township Service Hall",
    title="Enrolment in the basic pension insurance for urban and rural residents",
    materials=("Household register, 2 pages", "Signature"),
    stored_offline=False,
    case_number="610800-2026-11-000123",
    applicant="W*** L**",
    help_line="Questions? Ask the hall staff or call 0912-1234567.",
)
LONG_NAME = dataclasses.replace(
    CHINESE,
    applicant="买买提·阿卜杜******·艾力",
    proxy="阿依古丽·吐尔逊***·买合木提（监护人）",
    title="被征地农民基本养老保险参保登记与城乡居民基本养老保险关系转移接续（跨统筹地区）",
)
RARE = dataclasses.replace(CHINESE, applicant="㛃*䶮", proxy="𬭚*〇", hall="二〇一村：便民服务站")
REPRINT = dataclasses.replace(CHINESE, reprint=True, stored_offline=False, case_number="610800202611000123")
TEST = dataclasses.replace(CHINESE, test=True)

# Fifteen characters each, as a name card may print them whole.
FIFTEEN = dataclasses.replace(CHINESE, applicant="古丽巴哈尔·阿卜杜热合曼江吐", proxy="欧阳诸葛司马上官东方慕容令狐王")
UNKNOWN = dataclasses.replace(CHINESE, applicant="王*\U00020000", proxy="\U0002a6d5*英")
_PAPERS = (
    ("居民户口簿首页与本人页 2 页", "Household register, first and own page, 2 pages"),
    ("居民身份证正反面", "Resident identity card, both sides"),
    ("社会保障卡复印件", "Copy of the social security card"),
    ("被征地农民身份认定表", "Form on the status of a farmer whose land was taken"),
    ("城乡居民基本养老保险参保登记表", "Enrolment form"),
    ("代办人身份证", "Proxy's identity card"),
    ("委托书", "Letter of authority"),
    ("低保证明（民政部门已联网，不用提交纸质件）", "Proof of subsistence allowance (checked on line, no paper needed)"),
    ("残疾人证 3 页", "Certificate of disability, 3 pages"),
    ("结婚证", "Marriage certificate"),
    ("近期免冠照片", "Recent photograph"),
    ("手写签名", "Signature"),
)
TWELVE = dataclasses.replace(CHINESE, materials=tuple(zh for zh, _ in _PAPERS))
TWELVE_ENGLISH = dataclasses.replace(ENGLISH, materials=tuple(en for _, en in _PAPERS))
ONE = dataclasses.replace(CHINESE, materials=("居民户口簿",), help_line="")

_EVERYWHERE = {
    "zh": CHINESE,
    "en": ENGLISH,
    "long-name": LONG_NAME,
    "fifteen": FIFTEEN,
    "rare-characters": RARE,
    "one-material": ONE,
    "twelve-materials": TWELVE,
    "twelve-materials-en": TWELVE_ENGLISH,
}
GOLDEN = {f"{name}-{width}": (slip, width) for name, slip in _EVERYWHERE.items() for width in (384, 576, 640)} | {
    "reprint-576": (REPRINT, 576),
    "reprint-384": (REPRINT, 384),
    "test-576": (TEST, 576),
    "unknown-characters-576": (UNKNOWN, 576),
}
WRITTEN = {
    f"written-{name}-{width}": (slip, width)
    for name, slip in {"zh": REPRINT, "en": ENGLISH, "rare-characters": RARE}.items()
    for width in (384, 576)
}
"""Those in the printer's own characters, as they are shown to eyes."""
