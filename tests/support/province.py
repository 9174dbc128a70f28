"""A provincial one-stop platform as the terminal's district might meet it: a program of its own, which knows nothing
of ours and is as strict as its papers say. What it was given stays in its folder over kill -9.

    python province.py FOLDER PORT CERTIFICATE KEY

Signatures are HMAC-SM3, checked by OpenSSL's program. Fields have the pinyin initials that such platforms use. A file
`fault` in the folder holds what it does wrong, one word a line, one for each request that comes: `500`, `busy`
(their code 5001), `portal` (a page instead of JSON), `swallow` (it keeps what came and cuts the line before it
answers), `ok`.
"""

from __future__ import annotations

import json
import re
import ssl
import subprocess
import sys
import time
from datetime import UTC, datetime
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import Any, TypeGuard, cast

APP, SECRET = "APP0042", "3c9a7d41e8b25f60b1d4a7c8e9f00112"
State = dict[str, dict[str, Any]]
FOLDER = Path(sys.argv[1])
LOCK = Lock()
TEXT = re.compile(r"[^\x00-\x1f<>]{1,200}")
CASE = {
    "ywlsh": r"\d{4}-\d{6}",
    "sxbm": r"[0-9A-Z]{31}",
    "sqrxm": r"[\u4e00-\u9fff·]{2,50}",
    "sqrzjlx": r"111",
    "sqrzjhm": r"\d{17}[\dX]",
    "sqrxb": r"[12]",
    "csrq": r"\d{8}",
    "sqsj": r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d",
    "lxdh": r"1\d{10}",
    "ly": r"ZZZD",
    "bdxx": r"\{.*\}",
}
OPTIONAL = {"lxdh"}
PROXY = {"xm": CASE["sqrxm"], "zjhm": CASE["sqrzjhm"]}
PAPER = {"clmc": r".{1,100}", "clbm": r"CL\d{3}", "fjid": r"FJ\d{8}"}
RESULT = {"slbh": r"331100-\d{4}-\d{7}", "bjjg": r"[12]", "bjsj": CASE["sqsj"]}


def openssl(*words: str, text: bytes) -> str:
    done = subprocess.run(["openssl", "dgst", "-sm3", *words, "-r"], input=text, capture_output=True, check=True)
    return done.stdout.split()[0].decode()


def state() -> State:
    file = FOLDER / "state.json"
    return (
        json.loads(file.read_text("utf-8")) if file.exists() else {"nonces": {}, "papers": {}, "cases": {}, "seen": {}}
    )


def keep(what: State) -> None:
    beside = FOLDER / "state.new"
    beside.write_text(json.dumps(what, ensure_ascii=False), "utf-8")
    beside.rename(FOLDER / "state.json")


def is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def wrong(fields: Any, shape: dict[str, str], optional: set[str]) -> str | None:
    if not is_object(fields):
        return "not an object"
    for name in fields.keys() - shape.keys():
        return f"unknown {name}"
    for name, pattern in shape.items():
        if name not in fields:
            if name not in optional:
                return f"missing {name}"
        elif not isinstance(fields[name], str) or re.fullmatch(pattern, fields[name]) is None:
            return f"wrong {name}"
    return None


class Platform(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = self.fault()
        if fault == "500":
            return self.answer(500, {"code": "9999"})
        if fault == "portal":
            return self.send(200, "text/html", b"<html>login</html>")
        refused = self.refused(body)
        if refused is not None:
            return self.answer(401, {"code": "9001", "msg": refused})
        if fault == "busy":
            return self.answer(200, {"code": "5001", "msg": "系统繁忙"})
        with LOCK:
            known = state()
            known["nonces"][self.headers["X-Nonce"]] = time.time()
            seen = str(self.headers.get("Idempotency-Key"))
            known["seen"][f"{len(known['seen']):04d} {self.path}"] = seen
            told = self.did(known, body)
            keep(known)
        if fault == "swallow":
            self.close_connection = True
            self.connection.close()
            return None
        return self.answer(200, told)

    def fault(self) -> str:
        with LOCK:
            file = FOLDER / "fault"
            words = file.read_text().split() if file.exists() else []
            file.write_text("\n".join(words[1:]))
            return words[0] if words else "ok"

    def refused(self, body: bytes) -> str | None:
        app, when, nonce = (self.headers.get(name, "") for name in ("X-App-Id", "X-Timestamp", "X-Nonce"))
        if app != APP:
            return "app"
        if re.fullmatch(r"\d{13}", when) is None or abs(int(when) / 1000 - time.time()) > 300:
            return "timestamp"
        if re.fullmatch(r"[0-9a-f]{32}", nonce) is None or nonce in state()["nonces"]:
            return "nonce"
        text = "\n".join(("POST", self.path, when, nonce, openssl(text=body)))
        mac = openssl("-mac", "HMAC", "-macopt", f"key:{SECRET}", text=text.encode())
        return None if self.headers.get("X-Signature") == mac else "signature"

    def did(self, known: State, body: bytes) -> dict[str, Any]:
        kind = self.headers.get("Content-Type", "")
        if self.path == "/ythpt/api/attachment/upload":
            return self.paper(known, kind, body)
        if kind != "application/json; charset=utf-8":
            return {"code": "4000", "msg": "content type"}
        fields = json.loads(body)
        if self.path == "/ythpt/api/case/submit":
            return self.case(known, fields)
        if self.path == "/ythpt/api/case/result":
            bad = wrong(fields, RESULT, set())
            found = [case for case in known["cases"].values() if case["slbh"] == fields.get("slbh")]
            if bad or not found:
                return {"code": "4001", "msg": bad or "unknown slbh"}
            found[0]["bjjg"] = fields["bjjg"]
            return {"code": "0", "msg": "ok", "data": None}
        return {"code": "4004", "msg": "unknown interface"}

    def paper(self, known: State, kind: str, body: bytes) -> dict[str, Any]:
        message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
        parts = {part.get_param("name", header="content-disposition"): part for part in message.iter_parts()}
        if not kind.startswith("multipart/form-data") or set(parts) != {"clbm", "file"}:
            return {"code": "4001", "msg": "parts"}
        name = parts["file"].get_filename()
        if name is None or re.fullmatch(r"[\w-]{1,100}\.(jpg|png|pdf)", name) is None:
            return {"code": "4001", "msg": f"file name {name}"}
        content = parts["file"].get_payload(decode=True)
        assert isinstance(content, bytes)
        number = f"FJ{len(known['papers']) + 1:08d}"
        clbm = parts["clbm"].get_content().strip()
        known["papers"][number] = {"clbm": clbm, "name": name, "sm3": openssl(text=content), "bytes": len(content)}
        return {"code": "0", "msg": "ok", "data": {"fjid": number}}

    def case(self, known: State, fields: dict[str, Any]) -> dict[str, Any]:
        papers: Any = fields.pop("clList", None)
        proxy = fields.pop("dlr", None)
        bad = wrong(fields, CASE, OPTIONAL) or (None if proxy is None else wrong(proxy, PROXY, set()))
        if not isinstance(papers, list):
            bad = bad or "no clList"
            papers = []
        for one in cast("list[Any]", papers):
            bad = bad or wrong(one, PAPER, set())
            if not bad and known["papers"].get(one["fjid"], {}).get("clbm") != one["clbm"]:
                bad = "unknown fjid"
        try:
            datetime.strptime(str(fields.get("csrq")), "%Y%m%d").replace(tzinfo=UTC)
            json.loads(str(fields.get("bdxx")))
        except ValueError:
            bad = bad or "not a date, or not JSON"
        if bad:
            return {"code": "4001", "msg": bad}
        number = str(fields["ywlsh"])
        case = known["cases"].get(number)
        if case is not None:
            return {"code": "1009", "msg": "重复提交", "data": {"slbh": case["slbh"]}}
        slbh = f"331100-{datetime.now(tz=UTC):%Y}-{len(known['cases']) + 1:07d}"
        known["cases"][number] = {"slbh": slbh, "fields": fields, "dlr": proxy, "clList": papers}
        return {"code": "0", "msg": "ok", "data": {"slbh": slbh}}

    def answer(self, status: int, told: dict[str, Any]) -> None:
        self.send(status, "application/json", json.dumps(told, ensure_ascii=False).encode())

    def send(self, status: int, kind: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Platform)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[3], sys.argv[4])
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    sys.stdout.write("listening\n")
    sys.stdout.flush()
    server.serve_forever()
