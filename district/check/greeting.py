"""What would make a right platform look faulty, found before the first check: nobody there, a clock that is off, a
terminal that the platform does not know.

As each terminal it asks for a form that nobody handed in, and hands one in to see under which code the key is known.
"""

from __future__ import annotations

from district.check.answers import date_of, kind_of, told
from district.check.forms import form, new_uid
from district.check.line import Root
from district.check.reasons import speaks_tls
from district.check.rules import Broken, NotTried
from district.check.terminals import Terminal, unsigned
from district.check.visit import Asked, Visit
from offline_queue.signing import signature_base


class Unreachable(Exception):
    """Nothing is answered there; the text says what to look at."""


def greet(visit: Visit) -> tuple[str, ...]:
    """Agree on the time, and note which terminals the visit can't play. Returns what to do about that, for whoever runs
    it. Raises Unreachable when neither a question of the terminal nor one about health is answered."""
    try:
        _settle(visit)
    except (Broken, NotTried) as silence:
        if not _is_healthy(visit):
            raise Unreachable(_where_to_look(visit, str(silence))) from None
        return (f"at first: {silence}",)
    for terminal in visit.company:
        try:
            reason = _refused(visit, terminal)
        except (Broken, NotTried):
            continue  # the checks will say so
        if reason is not None:
            visit.unknown[terminal.code] = reason
    remarks = tuple(visit.unknown.values())
    if visit.company[0].code in visit.unknown:
        return (*remarks, _signed(visit.seen[0].asked, visit.root))
    return remarks


def _settle(visit: Visit) -> None:
    """Ask a first question, and go on with the platform's clock if it minds ours. Raises Broken or NotTried."""
    answer = visit.progress(new_uid())
    theirs = date_of(answer)
    if kind_of(answer) == "clock" and theirs is not None:
        for terminal in visit.company:
            terminal.signer.set_offset(theirs)


def _is_healthy(visit: Visit) -> bool:
    """Whether there is any answer at all to who does not sign."""
    try:
        visit.ask("GET", "/v1/health", signs=unsigned)
    except Broken:
        return False
    except NotTried:
        return True
    return True


def _where_to_look(visit: Visit, silence: str) -> str:
    root = visit.root
    if not root.tls and speaks_tls(root.host, root.port):
        return f"{root.host}:{root.port} speaks TLS: ask https://{root.authority}{root.path}"
    return silence


def _refused(visit: Visit, terminal: Terminal) -> str | None:
    """Why the platform can't be asked as this terminal; None when it can. Raises Broken or NotTried."""
    answer = visit.progress(new_uid(), by=terminal)
    first = terminal is visit.company[0]
    if answer.status not in (401, 403):
        named = visit.put(form(terminal.code), by=terminal)
        if (named.status, kind_of(named)) == (422, "kiosk"):
            return f"the key of {terminal.code} is registered under another code: name that beside it ({told(named)})"
        return None
    match kind_of(answer):
        case "terminal":
            return f"{terminal.code} is out of service ({told(answer)}): register a new key, in another FILE"
        case "certificate" if first:
            return f"{terminal.code} has another client certificate ({told(answer)}): name its own by --cert"
        case "certificate":
            return (
                f"{terminal.code} has a client certificate of its own, and this line another's ({told(answer)}):"
                " register a terminal without one"
            )
        case _:
            return (
                f"{terminal.code} is not known ({told(answer)}): register its code and key as your platform does"
                f" (district serve: district terminals add {terminal.line}), then run this again"
            )


def _signed(asked: Asked, root: Root) -> str:
    """What a platform must have verified over, for one that knows the key and says no."""
    parameters = dict(asked.fields)["Signature-Input"].partition("=")[2]
    components = [("@method", asked.method), ("@target-uri", root.url + asked.path)]
    base = signature_base(components, parameters).decode().replace("\n", "\n    ")
    return f"A platform that does know it has refused a right signature, over these bytes:\n    {base}"
