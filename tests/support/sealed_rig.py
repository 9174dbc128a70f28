"""What tests of sealing share: a district with keys, and a queue that seals to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from district.keys import make_bundle, new_keys, private_keys
from offline_queue.bundle import Installed, public_raw
from offline_queue.keyring import DistrictKeys
from offline_queue.model import CHINA
from offline_queue.store import Store
from offline_queue.wire import Suite
from tests.support.queue_rig import TurnedClock, open_store

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=CHINA)


@dataclass(frozen=True, slots=True)
class KeyedDistrict:
    """A district's folder of keys, and the public key that terminals know it by."""

    folder: Path
    signer: bytes

    @classmethod
    def new(cls, folder: Path, *, now: datetime = NOW) -> KeyedDistrict:
        return cls(folder, public_raw(new_keys(folder, now=now).signing))

    def bundle(self, *, now: datetime = NOW, suite: Suite = Suite.AES256_GCM, days: int = 180) -> bytes:
        return make_bundle(self.folder, now=now, suite=suite, days=days)

    def install(self, queue: Path, *, now: datetime = NOW, suite: Suite = Suite.AES256_GCM) -> DistrictKeys:
        keys = DistrictKeys(queue, signer=self.signer)
        installed = keys.install(self.bundle(now=now, suite=suite), now=now)
        assert isinstance(installed, Installed), installed
        return keys

    def private(self) -> Mapping[str, X25519PrivateKey]:
        return private_keys(self.folder)


def open_sealing_store(folder: Path, keys: DistrictKeys, clock: TurnedClock | None = None) -> Store:
    return Store.open(folder, terminal="TY03", district="district.example", district_keys=keys, clock=clock)


def open_either(folder: Path, district: KeyedDistrict | None, clock: TurnedClock | None = None) -> Store:
    """A queue that seals to the district where that has keys (and they are installed), else to its own key."""
    if district is None:
        return open_store(folder, clock)
    return open_sealing_store(folder, DistrictKeys(folder, signer=district.signer), clock)
