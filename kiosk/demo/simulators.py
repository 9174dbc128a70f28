"""The simulated hall: virtual cards, a desk, a printer and an embedded district platform, all running.

Everything above the simulators is the code that meets real hardware.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from devices.camera.api import Picture
from devices.camera.demo_papers import RegisterEntry, bank_card, document_page, register_page
from devices.camera.sim import SimDesk
from devices.card.addresses import open_slot
from devices.card.api import CardReader
from devices.card.child_readout import ChildReadout
from devices.card.reader import WatchedReader
from devices.card.side_by_side import SideBySide
from devices.card.sim import Chip, InProcessSlot
from devices.card.sim_card import DEMO_PEOPLE, demo_cards
from devices.card.sim_child import COMMAND
from devices.card.sim_emrtd import DEMO_HOLDERS, demo_documents, trust_demo_state
from devices.card.sim_port import SimPort
from devices.card.sim_sam import SamCard, SamOnTerminal, SimulatedSam, demo_sam_cards
from devices.card.slot import Slot
from devices.printer.sim import SimulatedPrinter
from devices.speech.dispatcher import DispatcherEngine
from devices.speech.sim import SimulatedDispatcher, SimulatedJack
from devices.speech.worker import SpeakerThread
from district.embedded import EmbeddedDistrict
from district.keys import make_bundle, new_keys, signing_key
from kiosk.bootstrap import FONTS
from kiosk.config import Config, HallTable, PatienceTable, PlatformTable, PrinterTable, QueueTable, ScreenTable, Village
from kiosk.demo.neighbour import Neighbour, neighbour
from kiosk.domain.words import Text
from kiosk.opening import CARD_FIELDS, china_time
from offline_queue.bundle import public_text
from offline_queue.keyring import DistrictKeys
from offline_queue.sealing import terminal_key

_VILLAGES = (
    ("桃源社区", "Taoyuan Community"),
    ("东河村", "Donghe Village"),
    ("西山村", "Xishan Village"),
    ("南塘村", "Nantang Village"),
    ("北坪村", "Beiping Village"),
    ("石桥村", "Shiqiao Village"),
    ("柳树湾村", "Liushuwan Village"),
    ("高家坝村", "Gaojiaba Village"),
    ("青龙嘴村", "Qinglongzui Village"),
    ("大水井村", "Dashuijing Village"),
    ("红旗社区", "Hongqi Community"),
    ("吐尔逊巴格村", "Tursunbag Village"),
)


def demo_config(url: str, printer_uri: str, slip_keys: Path | None = None) -> Config:
    """The demonstration hall; ``slip_keys`` lists the district's terminals."""
    villages = tuple(
        Village(code=f"{number:03d}", name=Text(zh=zh, en=en)) for number, (zh, en) in enumerate(_VILLAGES, start=1)
    )
    return Config(
        hall=HallTable(
            name=Text(zh="桃源镇便民服务中心", en="Taoyuan Town Service Hall"), terminal="TY03", villages=villages
        ),
        patience=PatienceTable(),
        printer=PrinterTable(uri=printer_uri),
        queue=QueueTable(key_store="file"),
        platform=PlatformTable(url=url, slip_host="district.example", slip_keys=slip_keys),
        screen=ScreenTable(fullscreen=False),
    )


def enrolled(sims: Simulators, config: Config, data: Path) -> Config:
    """Make the demonstration's terminal known to its district, which from then on asks for its signature, and give it
    the district's keys, as a technician does: what is handed in is sealed to them."""
    sims.district.register(config.hall.terminal, terminal_key(data / "queue").public_key().public_bytes_raw())
    if config.platform.url != sims.district.url:
        return config
    now = china_time()
    signer = signing_key(sims.keys).public_key().public_bytes_raw()
    DistrictKeys(data / "queue", signer=signer).install(make_bundle(sims.keys, now=now), now=now)
    platform = config.platform.model_copy(update={"bundle_key": public_text(signer)})
    return config.model_copy(update={"platform": platform})


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulators:
    """What the control panel works. ``papers`` by name, ready to be laid on the desk; ``window`` is where the second
    camera reads codes; ``trust`` is a folder with the root of the invented state that issues the travel documents.
    ``sam`` is the reader of resident identity cards, ``sam_cable`` the line it is at the end of."""

    slot: InProcessSlot
    cards: dict[str, Chip]
    sam: SimulatedSam
    sam_cable: SamOnTerminal
    identity_cards: dict[str, SamCard]
    trust: Path
    desk: SimDesk
    window: SimDesk
    papers: dict[str, Picture]
    printer: SimulatedPrinter
    voice: SimulatedDispatcher
    jack: SimulatedJack
    district: EmbeddedDistrict
    keys: Path
    neighbour: Neighbour


def simulated_speaker(voice: SimulatedDispatcher, jack: SimulatedJack) -> SpeakerThread:
    """The real driver of speech-dispatcher, on the simulated one."""
    return SpeakerThread(engine=DispatcherEngine(path=voice.path), jack=jack)


def _papers() -> dict[str, Picture]:
    font = FONTS / "NotoSansCJKsc-Regular.otf"
    entries = {
        key: RegisterEntry(
            name=DEMO_PEOPLE[key].name,
            sex="女" if DEMO_PEOPLE[key].female else "男",
            birth_date=DEMO_PEOPLE[key].birth.isoformat(),
            id_number=DEMO_PEOPLE[key].id_number,
            address="桃源镇东河村三组 12 号",
        )
        for key in ("wang", "li", "abdu")
    }
    registers = {name: register_page(entry, font=font) for name, entry in entries.items()}
    documents = {
        f"{name}-page": document_page(DEMO_HOLDERS[name].mrz_lines, fonts=FONTS)
        for name in ("passport", "permit", "foreign-card")
    }
    return {**registers, **documents, "bank-card": bank_card("6217009999000012342", fonts=FONTS)}


def simulated_reader(slot: Slot, trust: Path | None = None, numbers: Iterator[int] | None = None) -> WatchedReader:
    """Reads as a terminal does, in a process of its own, which reaches the simulator by its port."""
    return WatchedReader(
        slot=slot,
        fields=CARD_FIELDS,
        today=lambda: china_time().date(),
        trust=trust,
        readout=ChildReadout(command=COMMAND),
        numbers=numbers,
    )


def simulated_readers(sims: Simulators) -> CardReader:
    """The hall's two readers side by side: one for cards that take commands, one for resident identity cards."""
    numbers = itertools.count(1)
    slots: tuple[Slot, ...] = (sims.slot, open_slot(f"sdt-serial:{sims.sam_cable.path}"))
    return SideBySide(readers=[simulated_reader(slot, sims.trust, numbers) for slot in slots], numbers=numbers)


@contextmanager
def simulators(data: Path) -> Generator[Simulators]:
    """All simulators, running; ``data`` keeps what the district received."""
    with ExitStack() as stack:
        frames = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kiosk-desk-")))
        keys = data / "district-keys"
        if not keys.exists():
            new_keys(keys, now=china_time())
        district = EmbeddedDistrict(data / "district", keys=keys)
        district.start()
        stack.callback(district.stop)
        printer = SimulatedPrinter(font=FONTS / "NotoSansCJKsc-Regular.otf")
        stack.callback(printer.stop)
        slot = InProcessSlot()
        stack.callback(SimPort(slot).close)
        sam = SimulatedSam()
        voice = SimulatedDispatcher()
        stack.callback(voice.stop)
        yield Simulators(
            slot=slot,
            cards={**demo_cards(), **demo_documents()},
            sam=sam,
            sam_cable=stack.enter_context(SamOnTerminal(sam)),
            identity_cards=demo_sam_cards(),
            trust=trust_demo_state(frames / "csca"),
            desk=SimDesk(folder=frames / "papers"),
            window=SimDesk(folder=frames / "codes", width=1280, height=720),
            papers=_papers(),
            printer=printer,
            voice=voice,
            jack=SimulatedJack(),
            district=district,
            keys=keys,
            neighbour=neighbour(data / "neighbour"),
        )
