"""The keys of this terminal's queue, as the configuration names them: the district's, and the machine's own."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from kiosk.config import Config, ConfigError, data_folder

if TYPE_CHECKING:
    from offline_queue.keyring import DistrictKeys
    from offline_queue.keystore import KeyStores, LocalKey
    from offline_queue.sealing import LocalKeySealer


def district_keys(config: Config) -> DistrictKeys | None:
    """The district's keys on this terminal; ``None`` where nothing is sealed to a district."""
    from offline_queue.bundle import public_raw
    from offline_queue.keyring import DistrictKeys

    if not config.platform.bundle_key:
        return None
    return DistrictKeys(data_folder(config) / "queue", signer=public_raw(config.platform.bundle_key))


def key_stores(config: Config) -> KeyStores:
    """Where this machine could keep a key."""
    from offline_queue.keystore import KeyStores

    return KeyStores.of(os.environ, tcti=config.queue.tpm)


def local_sealer(config: Config) -> LocalKeySealer:
    """What seals with this machine's own key, which is made at the first use. Raises :class:`ConfigError`."""
    from offline_queue.keystore import KeyStoreTrouble, open_local_key
    from offline_queue.stream import Cipher

    try:
        key = open_local_key(data_folder(config) / "queue", key_stores(config), config.queue.key_store)
    except KeyStoreTrouble as failure:
        raise ConfigError(f"queue.key_store: {failure}") from failure
    return key.sealer(Cipher(config.queue.cipher))


def used_local_key(config: Config) -> LocalKey | None:
    """The key in use, without making or moving one; ``None`` while there is none. Raises ``KeyStoreTrouble``."""
    from offline_queue.keystore import used_key

    folder = data_folder(config) / "queue"
    return used_key(folder, key_stores(config)) if folder.is_dir() else None
