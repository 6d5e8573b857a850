"""The one error of the Bot API: a refusal with a code and a description."""

from typing import Any


class ApiError(Exception):
    """A refusal as Telegram words it.

    `problem` marks a request no correct bot would have made (it breaks the schema or a documented limit),
    as against one that merely came at a bad moment (a blocked chat, an unchanged message).
    """

    def __init__(
        self, code: int, description: str, *, parameters: dict[str, Any] | None = None, problem: bool = False
    ) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters
        self.problem = problem

    def body(self) -> dict[str, Any]:
        """The JSON answer (Telegram Bot API, "Making requests")."""
        body: dict[str, Any] = {"ok": False, "error_code": self.code, "description": self.description}
        return body if self.parameters is None else {**body, "parameters": self.parameters}


def bad_request(description: str) -> ApiError:
    """A 400 that depends on the state of the chat and so can happen to a correct bot."""
    return ApiError(400, f"Bad Request: {description}")


def malformed(description: str) -> ApiError:
    """A 400 that no correct bot provokes: it is recorded as a problem."""
    return ApiError(400, f"Bad Request: {description}", problem=True)


def not_stood_in(what: str) -> ApiError:
    """The bot asked for a part of Telegram which this sandbox does not have."""
    return malformed(f"the sandbox does not stand in for {what} yet")
