"""Why nothing came back, in words that say what to look at."""

from __future__ import annotations

import socket
import ssl

_PATIENCE = 5.0
_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG", "HTTP_REQUEST"})
_OF_THEIRS = ("ALERT_CERTIFICATE_REQUIRED", "ALERT_HANDSHAKE_FAILURE")
_OF_OURS = ("CERTIFICATE", "UNKNOWN_CA")


def no_way(trouble: OSError, where: str) -> str:
    """Why there is no connection to `where`, host:port."""
    match trouble:
        case ConnectionRefusedError():
            return f"nobody listens at {where}: is the platform running, and is that its port?"
        case socket.gaierror():
            return f"this machine finds no address for {where}: is the name right?"
        case TimeoutError():
            return (
                f"no connection to {where} within the time: a firewall, another address, or https where there is none?"
            )
        case ssl.SSLCertVerificationError():
            return (
                f"the certificate of {where} does not hold ({trouble.verify_message}): name its authority by --ca,"
                " and the host as its certificate does"
            )
        case ssl.SSLError():
            return of_tls(trouble, where)
        case _:
            return f"no connection to {where}: {trouble.strerror or type(trouble).__name__}"


def of_tls(trouble: ssl.SSLError, where: str) -> str:
    """What a handshake that failed says; TLS 1.3 tells it only when the answer is read."""
    reason = trouble.reason or trouble.strerror or "no reason given"
    if reason in _NO_TLS:
        return f"{where} speaks no TLS: is it http://, or is another port meant?"
    if "EOF" in reason:
        return f"{where} hangs up in the handshake: does it speak TLS, and is a client certificate missing (--cert)?"
    if reason.endswith(_OF_THEIRS):
        return f"{where} ends the handshake ({reason}): does it ask for a client certificate (--cert, --cert-key)?"
    if "ALERT" in reason and any(word in reason for word in _OF_OURS):
        return (
            f"{where} does not take the client certificate ({reason}): is it by an authority it trusts, and not over?"
        )
    return f"TLS with {where}: {reason}"


def speaks_tls(host: str, port: int) -> bool:
    """Whether a TLS handshake gets anywhere there; whose certificate it is does not matter."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with socket.create_connection((host, port), timeout=_PATIENCE) as peer, context.wrap_socket(peer):
            return True
    except OSError:
        return False
