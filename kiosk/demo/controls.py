"""What the control panel's buttons do to the simulators, and what it shows of them."""

from __future__ import annotations

import secrets
import webbrowser
from datetime import date
from functools import partial

import numpy as np
from PIL import Image

from devices.camera.codes import read_codes
from devices.camera.sim import SimDesk
from devices.camera.sim_effects import Blur, Dark, Effect, Glare, Motion, Noise
from devices.card.sim_card import DEMO_PEOPLE, Faults, VirtualCard
from devices.printer.sim import SimulatedPrinter
from district.staff import Role
from kiosk.bootstrap import Core
from kiosk.demo.simulators import Simulators
from kiosk.journey.scanned import EnrolmentCode, MatterCode, NoticeCode, kind_of, text_of
from ui.simpanel.panel import Action, Received, Scene

_FAULTS = {
    "mute": Faults(mute=True),
    "worn": Faults(worn=True),
    "pulled": Faults(pulled_after=9),
    "protected": Faults(protected=True),
    "foreign": Faults(foreign=True),
}
_CARD_FAULTS = {
    "mute": "放反的卡 · the wrong way round",
    "worn": "接触不良，再试能读 · worn, read at the second try",
    "pulled": "读一半就拿走 · pulled in the middle",
    "protected": "要密码的卡 · wants a PIN",
    "foreign": "别的卡（银行卡）· another kind of card",
}


def controls(sims: Simulators, core: Core) -> list[tuple[str, list[Action]]]:
    """The panel's buttons, by what they stand for."""
    labels = {
        "wang": "王秀英 · Wang Xiuying",
        "li": "李建国 · Li Jianguo",
        "abdu": "阿卜杜热合曼 · Abdurahman",
        "expired": "过期的卡 · expired card",
        "unreadable": "坏卡 · damaged card",
        "passport": "护照：王秀英 · passport",
        "permit": "往来港澳通行证：李建国 · exit-entry permit",
        "foreign-card": "外国证件 · another state's card",
        "foreign-issuer": "未知国家签发 · issuer unknown",
        "altered-passport": "被改过的护照 · altered passport",
    }

    identity_labels = {
        "zhou": "身份证：周海波 · resident identity card",
        "permit": "港澳台居住证：何嘉欣 · residence permit",
        "foreigner": "永居证：安娜 · foreign resident's card",
        "lapsed": "过期的身份证 · expired",
    }

    def lift() -> None:
        sims.slot.remove()
        sims.sam.lift()

    def insert(key: str) -> None:
        lift()
        sims.slot.insert(sims.cards[key])

    def lay_identity(key: str) -> None:
        lift()
        sims.sam.lay(sims.identity_cards[key])

    def lay_two() -> None:
        insert("wang")
        sims.sam.lay(sims.identity_cards["zhou"])

    def insert_faulty(fault: str) -> None:
        lift()
        sims.slot.insert(VirtualCard(person=DEMO_PEOPLE["li"], faults=_FAULTS[fault]))

    def lay_slip() -> None:
        slip = last_slip(sims)
        codes = read_codes(np.asarray(slip.convert("RGB"))[:, :, ::-1].copy()) if slip is not None else ()
        if not codes:
            raise LookupError("还没有凭条 · no slip yet")
        sims.window.lay_code(codes[0].text)

    def restore() -> None:
        sims.district.restore()
        if core.sync is not None:
            core.sync.wake(hurry=True)

    cards = [Action(f"card-{key}", label, partial(insert, key)) for key, label in labels.items()]
    cards += [Action(f"card-{fault}", label, partial(insert_faulty, fault)) for fault, label in _CARD_FAULTS.items()]
    cards += [
        Action("card-two", "两张卡 · one on each reader", lay_two),
        Action("card-off", "拿走卡 · take the card", lift),
        Action("card-hold", "别的程序占用 · held by another program", partial(sims.slot.hold, True)),
        Action("card-release", "放开 · let go", partial(sims.slot.hold, False)),
        Action("reader-unplug", "拔读卡器 · unplug the reader", partial(sims.slot.plug, False)),
        Action("reader-plug", "插读卡器 · plug it in", partial(sims.slot.plug, True)),
        Action("service-stop", "停读卡服务 · stop the service", partial(sims.slot.serve, False)),
        Action("service-start", "开读卡服务 · start it", partial(sims.slot.serve, True)),
    ]
    identity = [Action(f"identity-{key}", label, partial(lay_identity, key)) for key, label in identity_labels.items()]
    identity += [
        Action("identity-off", "拿走卡 · take the card", lift),
        Action("identity-pull", "拔读卡器 · unplug the reader", sims.sam_cable.pull),
        Action("identity-plug", "插读卡器 · plug it in", sims.sam_cable.plug),
    ]
    others = {
        "passport-page": "护照照片页 · passport's page",
        "permit-page": "通行证有字的一面 · permit's side",
        "foreign-card-page": "外国证件背面 · foreign card's side",
        "bank-card": "银行卡 · bank card",
    }
    papers = [
        Action(
            f"paper-{key}",
            others.get(key) or f"户口簿：{DEMO_PEOPLE[key].name[:6]} · register",
            partial(sims.desk.lay, picture),
        )
        for key, picture in sims.papers.items()
    ]
    papers += [
        Action("desk-clear", "拿走 · clear the desk", sims.desk.clear),
        Action("camera-unplug", "拔摄像头 · unplug the camera", sims.desk.unplug),
        Action("camera-plug", "插摄像头 · plug it in", sims.desk.plug),
    ]
    codes = [
        Action("lay-slip", "刚打的凭条 · the last slip", lay_slip),
        Action(
            "lay-neighbour", "隔壁大厅的凭条 · next door's slip", partial(sims.window.lay_code, sims.neighbour.slip)
        ),
        Action("lay-forged", "假凭条 · a forged slip", partial(sims.window.lay_code, sims.neighbour.forged)),
        Action("lay-code", "别处的二维码 · a foreign code", partial(sims.window.lay_code, "https://example.com/win")),
        *(
            Action(f"lay-{kind_of(code)}", label, partial(sims.window.lay_code, text_of(code)))
            for code, label in _other_codes()
        ),
        Action("window-clear", "拿走 · clear the window", sims.window.clear),
        Action("codes-unplug", "拔摄像头 · unplug the camera", sims.window.unplug),
        Action("codes-plug", "插摄像头 · plug it in", sims.window.plug),
    ]
    voice = [
        Action("sound-off", "拔扬声器 · no sound card", sims.voice.take_card),
        Action("sound-on", "插扬声器 · sound card is back", sims.voice.give_card),
        Action("voice-lost", "语音程序退出 · the engine is lost", sims.voice.go_away),
        Action("voice-back", "语音程序回来 · it is back", sims.voice.come_back),
        Action("headphones-plug", "插耳机 · plug headphones in", sims.jack.plug),
        Action("headphones-pull", "拔耳机 · pull them out", sims.jack.pull),
    ]
    network = [
        Action("network-cut", "断网 · cut the network", sims.district.cut),
        Action("network-restore", "恢复 · restore it", restore),
    ]
    return [
        ("读卡器 · card reader", cards),
        ("身份证阅读器 · reader of identity cards", identity),
        ("材料摄像头下 · under the camera for papers", papers + _effects("camera", sims.desk)),
        ("扫码窗口 · at the camera for codes", codes + _effects("codes", sims.window)),
        ("打印机 · printer", _printer(sims.printer)),
        ("语音 · voice", voice),
        (f"网络 · network  {sims.district.url}", network),
    ]


def _effects(camera: str, desk: SimDesk) -> list[Action]:
    """One button for each way of spoiling the picture, and one to see clearly again."""
    ways: list[tuple[str, str, tuple[Effect, ...]]] = [
        ("noise", "噪点 · noise", (Noise(),)),
        ("blur", "对焦不准 · out of focus", (Blur(),)),
        ("glare", "反光 · glare", (Glare(),)),
        ("motion", "晃动 · motion", (Motion(),)),
        ("worst", "又暗又花 · dark and noisy", (Dark(), Noise())),
        ("clear", "看得清 · clear again", ()),
    ]
    return [Action(f"{camera}-{name}", label, partial(desk.spoil, *effects)) for name, label, effects in ways]


def _printer(printer: SimulatedPrinter) -> list[Action]:
    """Every fault of the printer and its end; those "half way" wait for the next slip."""
    half = 400
    return [
        Action("cover-open", "开盖 · open the cover", printer.open_cover),
        Action("cover-open-half", "打到一半开盖 · half way", partial(printer.open_cover, after_rows=half)),
        Action("cover-close", "合盖 · close it", printer.close_cover),
        Action("paper-low", "纸快完 · paper low", printer.run_low),
        Action("paper-take", "拿走纸 · take the paper", printer.take_paper),
        Action("paper-take-half", "打到一半没纸 · out half way", partial(printer.take_paper, after_rows=half)),
        Action("paper-load", "装纸 · load paper", printer.load_paper),
        Action("knife-jam", "卡刀 · jam the knife", printer.jam_knife),
        Action("knife-free", "修刀 · free it", printer.free_knife),
        Action("printer-hang-half", "打到一半死机 · hang half way", partial(printer.hang, after_rows=half)),
        Action("printer-hang", "死机 · hang", printer.hang),
        Action("printer-wake", "醒来 · wake", printer.wake),
        Action("printer-unplug-half", "打到一半拔线 · unplug half way", partial(printer.unplug, after_rows=half)),
        Action("printer-unplug", "拔线 · unplug", printer.unplug),
        Action("printer-plug", "插线 · plug in", printer.plug),
        Action("printer-off", "关打印机 · power off", printer.power_off),
        Action("printer-on", "开打印机 · power on", printer.power_on),
        Action(
            "printer-cycle-half", "打到一半断电又来 · cycle half way", partial(printer.power_cycle, after_rows=half)
        ),
        Action("printer-slow", "打得慢 · print slowly", partial(printer.print_slowly, 400)),
        Action("printer-fast", "打得快 · print fast", partial(printer.print_slowly, None)),
        Action("printer-narrow", "换窄纸 · narrow paper", partial(printer.change_width, 384)),
        Action("printer-wide", "换回宽纸 · wide paper", partial(printer.change_width, 576)),
        Action("printer-lie", "说谎 · lie", printer.lie),
        Action("printer-silent", "不答话 · answer nothing", printer.fall_silent),
        Action("printer-babble", "乱答 · talk nonsense", printer.babble),
        Action("printer-chatter", "不问自说 · talk unasked", printer.chatter),
        Action("printer-behave", "好好答 · behave", printer.behave),
    ]


def staff_page(sims: Simulators) -> tuple[str, list[Action]]:
    """Let a newcomer in to the district's staff page: as an admin of this demonstration alone, with a password that is
    new each time and shown on the button."""
    words = ("".join(secrets.choice(letters) for letters in ("bdfgklmnprst", "aeiou") * 2) for _ in range(4))
    password = "-".join(words)
    sims.district.let_in("demo", password, Role.ADMIN)
    url = f"{sims.district.url}/"

    def open_browser() -> None:
        webbrowser.open(url)

    opened = Action("staff-page", f"打开 · open  （demo / {password}）", open_browser)
    return f"工作人员网页 · staff page  {url}", [opened]


def _other_codes() -> list[tuple[MatterCode | NoticeCode | EnrolmentCode, str]]:
    district, matter = "district.example", "pension-enrolment"
    return [
        (MatterCode(district, matter), "海报上的码 · a poster's code"),
        (NoticeCode(district, matter, date(2026, 11, 23)), "告知单的码 · a notice's code"),
        (EnrolmentCode(district, "demonstration-enrolment"), "登记终端的码 · an enrolment code"),
    ]


def last_slip(sims: Simulators) -> Image.Image | None:
    slips = sims.printer.slips()
    return slips[-1] if slips else None


def scene(sims: Simulators) -> Scene:
    def received() -> list[Received]:
        store = sims.district.open_store()
        try:
            return [
                Received(
                    provisional_number=row.outside.provisional_number,
                    case_number=row.case_number or "",
                    papers=f"{sum(paper.complete for paper in row.papers)} / {len(row.papers)}",
                    test=row.outside.test,
                )
                for row in store.submissions()
            ]
        finally:
            store.close()

    def spoken() -> str:
        where = "耳机 · headphones" if sims.jack.plugged() else "扬声器 · loudspeaker"
        now = sims.voice.now()
        return f"现在在说（{where}）: {now}" if now else f"没有在说话 · silent ({where})"

    return Scene(slip=lambda: last_slip(sims), received=received, spoken=spoken)
