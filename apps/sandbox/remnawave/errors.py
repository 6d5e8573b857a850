"""How the panel refuses: codes of its own, and the bodies of its validation."""

from typing import Any

# code -> status, message (source: @remnawave/backend-contract, ERRORS)
CODES = {
    "A001": (500, "Server error"),
    "A003": (401, "Unauthorized"),
    "A018": (500, "Failed to create user"),
    "A019": (400, "User username already exists"),
    "A020": (400, "User short UUID already exists"),
    "A025": (404, "User not found"),
    "A029": (400, "User already disabled"),
    "A030": (400, "User already enabled"),
    "A039": (500, "Update user error"),
    "A063": (404, "User with specified params not found"),
    "A089": (400, "LIMITED and EXPIRED statuses are not allowed to be set manually."),
    "A098": (400, "User hwid device already exists"),
    "A099": (400, "User hwid device limit reached"),
    "A204": (404, "HWID device not found"),
    "E000": (403, "Forbidden"),
}


class Refused(Exception):
    """An error with a code of CODES."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
        self.status, self.message = CODES[code]

    def body(self, path: str, at: str) -> dict[str, Any]:
        return {"timestamp": at, "path": path, "message": self.message, "errorCode": self.code}


class Invalid(Exception):
    """A request which the panel's schema does not take: the issues, each with its path."""

    def __init__(self, issues: list[dict[str, Any]]) -> None:
        super().__init__("; ".join(f"{'.'.join(map(str, issue['path']))}: {issue['message']}" for issue in issues))
        self.issues = issues

    def body(self) -> dict[str, Any]:
        return {"statusCode": 400, "message": "Validation failed", "errors": self.issues}


class NoRoute(Exception):
    """There is no such method and path in this version of the panel."""

    def body(self, method: str, path: str) -> dict[str, Any]:
        return {"message": f"Cannot {method} {path}", "error": "Not Found", "statusCode": 404}
