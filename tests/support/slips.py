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

GOLDEN = {
    "zh": (CHINESE, 576),
    "en": (ENGLISH, 576),
    "long-name": (LONG_NAME, 576),
    "rare-characters": (RARE, 576),
    "reprint": (REPRINT, 576),
    "test": (TEST, 576),
    "zh-384": (REPRINT, 384),
    "en-384": (ENGLISH, 384),
    "zh-640": (CHINESE, 640),
}
