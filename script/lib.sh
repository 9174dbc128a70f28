# What every script shares: where the project is, how it speaks, and the set-up itself. Sourced, never run.
# Everything that is set up lives inside the checkout (.venv, .cache); only system packages leave it.

set -euo pipefail

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)"
VENV="$ROOT/.venv"
CACHE="$ROOT/.cache"
LOG="$CACHE/bootstrap.log"

# System packages a terminal and its demo need. Names are Debian 12's; Debian 13 answers to them too (…t64).
BUILD_PACKAGES=(gcc libc6-dev libpcsclite-dev libtss2-dev) # pyscard and tpm2-pytss have no Linux wheels: PC/SC, TPM
DEVICE_PACKAGES=( # the card reader's service, the second code reader, USB printers and readers, the voice and its player
    pcscd libzbar0 libusb-1.0-0 espeak-ng alsa-utils
)
QT_PACKAGES=(                                     # what the Qt wheel's QtGui, its screens and its keyboard link to
    libegl1 libgl1 libglib2.0-0 libfontconfig1 libdbus-1-3 libgssapi-krb5-2 libx11-6 libx11-xcb1
    libxkbcommon0 libxkbcommon-x11-0 libxcb1 libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1
    libxcb-randr0 libxcb-render0 libxcb-render-util0 libxcb-shape0 libxcb-shm0 libxcb-sync1 libxcb-util1
    libxcb-xfixes0 libxcb-xkb1 libwayland-client0 libwayland-cursor0 libwayland-egl1 libpulse0
)
NETWORK_PACKAGES=(iproute2 util-linux)            # private network namespaces: --vnc, and pcscd in the tests
TEST_PACKAGES=( # PyInstaller reads libraries with objdump; PDF drawn; travel documents: typeface, chip; a TPM; the other way
    # to speak; the district's example by hand, its larger database, backups, a browser before its pages, an S3 that is not Amazon's
    curl openssl binutils poppler-utils fonts-ocr-b libeac3 swtpm speech-dispatcher speech-dispatcher-espeak-ng speech-dispatcher-audio-plugins
    postgresql sqlite3 rsync chromium swift-proxy swift-account swift-container swift-object
)
BENCH_PACKAGES=(strace)                           # counts the syncs of queues whose code is not ours

say() { printf '%s\n' "$*" >&2; }

fail() { # fail SENTENCE REMEDY
    printf 'Stopped: %s\nWhat to do: %s\n' "$1" "$2" >&2
    exit 1
}

# --- which Python ---------------------------------------------------------------------------------------------------

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() { # prints the interpreter to build .venv with
    local name
    for name in python3 python3.13 python3.12 python3.11 /usr/bin/python3; do
        if command -v "$name" >/dev/null && new_enough "$name"; then
            "$name" -c 'import sys; print(getattr(sys, "_base_executable", sys.executable))'
            return
        fi
    done
    local found="no Python was found"
    if command -v python3 >/dev/null; then found="$(python3 --version 2>&1) is too old"; fi
    fail "Python 3.11 or newer is needed, but $found." \
        "install python3 (Debian 12 and 13 bring a new enough one: apt-get install python3), then run this again."
}

# --- system packages ------------------------------------------------------------------------------------------------

missing_packages() { # prints those of the arguments that are not installed, under either of their names
    local installed name
    # shellcheck disable=SC2016  # dpkg-query's own fields
    installed="$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' 2>/dev/null | sed -n 's/^installed //p')"
    for name in "$@"; do
        grep -qxE "${name//./\\.}(t64)?" <<<"$installed" || printf '%s\n' "$name"
    done
}

install_packages() {
    local -a as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || fail "installing system packages needs root, and there is no sudo." \
            "ask an administrator to run: apt-get install --no-install-recommends $*"
        sudo -n true 2>/dev/null || { [ -t 0 ] && sudo -v; } || fail "installing system packages needs root, and sudo refused." \
            "run this as root, or ask an administrator to run: apt-get install --no-install-recommends $*"
        as_root=(sudo)
    fi
    as_root+=(env DEBIAN_FRONTEND=noninteractive)
    {
        "${as_root[@]}" apt-get update -q
        "${as_root[@]}" apt-get install -q -y --no-install-recommends "$@"
    } >>"$LOG" 2>&1 || {
        tail -n 5 "$LOG" >&2
        fail "the system packages could not be installed ($LOG has the details)." \
            "check that this machine reaches its package sources (network, proxy, /etc/apt), then run this again."
    }
}

# --- the virtual environment ----------------------------------------------------------------------------------------

stamp() { # changes whenever what is installed would change; a moved checkout needs its .venv anew
    {
        printf '%s\n' "$ROOT"
        cat "$ROOT/requirements.lock"
        awk '/^\[/ { ours = /^\[(build-system|project|tool\.setuptools)/ } ours' "$ROOT/pyproject.toml"
    } | sha256sum | cut -d' ' -f1
}

venv_runs() { # the interpreter starts, is new enough, belongs to this checkout and has pip
    [ ! -e "$VENV/.unfinished" ] && "$VENV/bin/python" -I - "$VENV" 2>/dev/null <<'PY'
import importlib.util, os, sys
same = os.path.realpath(sys.prefix) == os.path.realpath(sys.argv[1])
sys.exit(not (same and sys.version_info >= (3, 11) and importlib.util.find_spec("pip")))
PY
}

installed_as_locked() { "$VENV/bin/python" -I "$ROOT/script/installed.py" "$ROOT/requirements.lock" >>"$LOG" 2>&1; }

venv_ready() {
    [ ! -e "$VENV/.unfinished" ] && [ "$(cat "$VENV/.stamp" 2>/dev/null)" = "$(stamp)" ] && [ -x "$VENV/bin/kiosk" ] && installed_as_locked
}

make_venv() {
    local python
    python="$(find_python)"
    rm -rf "$VENV"
    "$python" -m venv "$VENV" >>"$LOG" 2>&1 || {
        rm -rf "$VENV"
        tail -n 5 "$LOG" >&2
        fail "the virtual environment could not be made with $python." \
            "see $LOG; on Debian the package python3-venv must be there and the disk must have 2 GB free."
    }
    touch "$VENV/.unfinished"
}

pip_install() {
    "$VENV/bin/python" -m pip install --quiet --no-input --disable-pip-version-check "$@" >>"$LOG" 2>&1
}

fill_venv() { # from the lock file with hashes; a .venv that cannot be mended is made anew, once
    local fresh=no
    venv_runs || { make_venv; fresh=yes; }
    touch "$VENV/.unfinished"
    rm -f "$VENV/.stamp"
    fetch_packages && installed_as_locked || {
        [ $fresh = no ] && make_venv && fetch_packages && installed_as_locked
    } || {
        grep -iE '^ *error' "$LOG" | tail -n 4 >&2
        fail "the Python packages could not be installed ($LOG has the details)." \
            "check the network (or pip's index and proxy settings) and that 2 GB of disk are free, then run this again."
    }
    self_check
    stamp >"$VENV/.stamp"
    rm -f "$VENV/.unfinished"
}

fetch_packages() { # the lock names every package: what one of them asks for besides (another OpenCV wheel) stays away
    pip_install --no-deps --require-hashes -r "$ROOT/requirements.lock" && pip_install --no-deps --no-build-isolation -e "$ROOT"
}

self_check() { # the libraries that reach outside the wheel are really found
    QT_QPA_PLATFORM=offscreen "$VENV/bin/python" -W error::ImportWarning - >>"$LOG" 2>&1 <<'PY' || {
import apsw, cv2, pyzbar.pyzbar, zxingcpp
from smartcard.System import readers
from PySide6.QtGui import QGuiApplication
from PySide6.QtQml import QQmlComponent, QQmlEngine
from PySide6.QtQuick import QQuickItem
app = QGuiApplication([])
engine = QQmlEngine()
keyboard = QQmlComponent(engine)
keyboard.setData(b"import QtQuick.VirtualKeyboard\nInputPanel {}", "")
assert keyboard.isReady(), keyboard.errorString()
PY
        tail -n 5 "$LOG" >&2
        fail "the set-up finished, but a library does not load ($LOG has the details)." \
            "look at the last line above for its name; a missing .so file is usually a system package."
    }
}

# --- all of it ------------------------------------------------------------------------------------------------------

bootstrap() { # bootstrap run|test|bench; benches set up the same things as tests
    mkdir -p "$CACHE"
    exec 9>"$CACHE/bootstrap.lock"
    flock 9 # two scripts started at once set up one after the other
    : >"$LOG"

    local -a wanted=("${BUILD_PACKAGES[@]}" "${DEVICE_PACKAGES[@]}" "${QT_PACKAGES[@]}" "${NETWORK_PACKAGES[@]}") missing=()
    local python="$VENV/bin/python"
    venv_runs || python="$(find_python)"
    if [ "$python" = /usr/bin/python3 ] || [ "$(readlink -f "$python")" = "$(readlink -f /usr/bin/python3)" ]; then
        wanted+=(python3-venv python3-dev)
    fi
    [ "$1" = run ] || wanted+=("${TEST_PACKAGES[@]}")
    [ "$1" = bench ] && wanted+=("${BENCH_PACKAGES[@]}")
    if [ "${KIOSK_SYSTEM_PACKAGES:-}" != skip ]; then
        command -v apt-get >/dev/null && command -v dpkg-query >/dev/null || fail \
            "system packages are installed with apt, and there is no apt here." \
            "install the equivalents of: ${wanted[*]} - then run this again with KIOSK_SYSTEM_PACKAGES=skip."
        mapfile -t missing < <(missing_packages "${wanted[@]}")
    fi

    local plan=()
    [ ${#missing[@]} -eq 0 ] || plan+=("system packages for card reader, codes and Qt's screen: ${missing[*]}")
    venv_ready || plan+=("the Python packages of requirements.lock into .venv (some minutes the first time)")
    if [ ${#plan[@]} -gt 0 ]; then
        say "Installing: $(printf '%s' "${plan[0]}")${plan[1]:+; ${plan[1]}}."
        [ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"
        venv_ready || fill_venv
    fi
    if [ "$1" != run ]; then
        "$ROOT/script/fetch-vpcd" 9>&-
        "$ROOT/script/fetch-cups" 9>&-
        "$ROOT/script/fetch-peers" 9>&-
    fi
    exec 9>&-
}
