"""How Telegram says no: its codes and its own sentences. Knows nothing of when it says so."""

from typing import Any


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not a breakdown
    """A call that Telegram does not carry out."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters

    def body(self) -> dict[str, Any]:
        """The JSON that goes with the HTTP status."""
        body: dict[str, Any] = {"ok": False, "error_code": self.code, "description": self.description}
        if self.parameters:
            body["parameters"] = dict(self.parameters)
        return body


def bad_request(why: str, **parameters: int) -> Refusal:
    """400, with the sentence that follows «Bad Request: »."""
    return Refusal(400, f"Bad Request: {why}", **parameters)


def forbidden(why: str) -> Refusal:
    """403, with the sentence that follows «Forbidden: »."""
    return Refusal(403, f"Forbidden: {why}")


def too_many_requests(seconds: int) -> Refusal:
    """429: come back in `seconds`."""
    return Refusal(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)


def not_found() -> Refusal:
    """404: no such method, or no such token."""
    return Refusal(404, "Not Found")


def unauthorized() -> Refusal:
    """401: a well-formed token that belongs to no bot."""
    return Refusal(401, "Unauthorized")


def too_large() -> Refusal:
    """413: more than may be uploaded."""
    return Refusal(413, "Request Entity Too Large")


def not_modified() -> Refusal:
    """The edit would change nothing."""
    return bad_request(
        "message is not modified: specified new message content and reply markup are exactly the same"
        " as a current content and reply markup of the message"
    )


def other_poller() -> Refusal:
    """409: somebody else asked for the updates meanwhile."""
    return Refusal(
        409,
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
    )


def webhook_is_set() -> Refusal:
    """409: updates go to a webhook, so nobody may poll."""
    return Refusal(
        409,
        "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the"
        " webhook first",
    )


class Unreachable(Exception):  # noqa: N818 - what the caller of a dead server meets
    """Nobody answers at the server's address: the call was not applied."""


class Cut(Exception):  # noqa: N818 - what the caller of a broken line meets
    """The line broke after the call had been applied: the caller cannot know."""


class Hung(Exception):  # noqa: N818 - what the caller of a silent server meets
    """The server took the call and never answers."""
