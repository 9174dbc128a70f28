"""What people see where a page does not come about: words in their language, with a way on.

Programs call the API under /v1 and get its problems; whoever asks for something else sits at a browser.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, cast

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from district.answers import problem
from district.web.pages import BASE, Render

_Answers = Callable[[Request, Exception], Awaitable[Response]]
_SAID = {404: "nowhere", 405: "nowhere", 503: "later"}
_KEPT = ("Allow", "Retry-After")


def answer_people(app: Starlette, render: Render) -> None:
    """Give every trouble that the application answers by now a page for people, of the same status."""
    for kind, answers in list(app.exception_handlers.items()):
        app.add_exception_handler(kind, _for_people(cast("_Answers", answers), render))

    async def broken(request: Request, _trouble: Exception) -> Response:
        # What went wrong is in the server's log and nowhere else. The server closes the connection after such an
        # answer; who is not told of it would lose the next request.
        if is_of_the_api(request):
            answer = problem(500, "http")
            answer.headers["Connection"] = "close"
            return answer
        return render("message.html", status=500, headers={**BASE, "Connection": "close"}, said="broken")

    app.add_exception_handler(Exception, broken)


def is_of_the_api(request: Request) -> bool:
    return f"{request.url.path}/".startswith("/v1/")


def _for_people(answers: _Answers, render: Render) -> Any:
    async def answer(request: Request, trouble: Exception) -> Response:
        made = await answers(request, trouble)
        if is_of_the_api(request):
            return made
        headers = {name: made.headers[name] for name in _KEPT if name in made.headers}
        said = _SAID.get(made.status_code, "broken")
        return render("message.html", status=made.status_code, headers=headers, said=said)

    return answer
