"""The adapter of a session: it sends each request within a deadline and reads the whole of a bounded answer."""

from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from app.http.connections import Attempt, ConnectingFailed, HTTPPool, HTTPSPool, PrivateAddress, current_attempt
from app.http.deadlines import is_over, within
from app.http.faults import AnswerTooLong, DeadlineExceeded, NotConnected, NotPublic
from app.metrics import timed_call

ANSWER_BYTES_MAX = 16 * 1024 * 1024

# Who vouches for a server: the certificates that requests comes with (True), or those in a file.
Verify = bool | str


class DeadlineAdapter(HTTPAdapter):
    """Sends requests, each with a deadline from its connecting to the last byte of its answer."""

    def __init__(self, total_seconds: float, *, public_only: bool) -> None:
        super().__init__(max_retries=0)
        self._total_seconds = total_seconds
        self._public_only = public_only
        self.poolmanager.pool_classes_by_scheme = {"http": HTTPPool, "https": HTTPSPool}

    def send(self, request: requests.PreparedRequest, *_args: Any, verify: Verify = True, **options: Any) -> requests.Response:
        """Send a request and read its whole answer.

        Raises NotPublic, NotConnected, DeadlineExceeded, AnswerTooLong, or what requests raises.
        """
        if any(options.get(name) for name in ("cert", "proxies", "timeout")):
            raise TypeError("a call to the outside has no such options")
        if is_over():
            raise NotConnected("no time is left for this call", request=request)
        with within(self._total_seconds), timed_call(urlsplit(request.url or "").hostname or ""):
            try:
                response = self._sent(request, verify)
                response._content = _whole_body(response.raw)
            except (requests.RequestException, HTTPError, ConnectingFailed) as error:
                raise _fault(error, request) from error
        # RFC 8259: JSON that systems exchange is UTF-8. Without this requests would guess, and may guess long.
        response.encoding = "utf-8"
        return response

    def close(self) -> None:
        """Close the connections now. urllib3 leaves that to the garbage collector."""
        for key in self.poolmanager.pools.keys():  # noqa: SIM118 - it cannot be iterated over
            self.poolmanager.pools[key].close()
        super().close()

    def _sent(self, request: requests.PreparedRequest, verify: Verify) -> requests.Response:
        attempt = Attempt(self._public_only)
        current_attempt.set(attempt)
        try:
            return super().send(request, stream=True, verify=verify)
        except requests.ConnectionError:
            # The server closed a kept connection just then. Only a GET is sent again: a change might happen twice.
            if request.method != "GET" or attempt.has_connected or is_over():
                raise
            return super().send(request, stream=True, verify=verify)


def _fault(error: Exception, request: requests.PreparedRequest) -> requests.RequestException:
    """Say in our words what went wrong, while the call's deadline still holds."""
    if isinstance(error, PrivateAddress):
        return NotPublic("the address leads into a private network", request=request)
    if isinstance(error, ConnectingFailed):
        return NotConnected("the connection could not be made", request=request)
    if is_over():
        return DeadlineExceeded("no whole answer before the deadline", request=request)
    return error if isinstance(error, requests.RequestException) else requests.ConnectionError(error, request=request)


def _whole_body(answer: BaseHTTPResponse) -> bytes:
    """Read an answer to its end, unpacked."""
    body = b""
    while piece := answer.read(ANSWER_BYTES_MAX + 1 - len(body), decode_content=True):
        body += piece
        if len(body) > ANSWER_BYTES_MAX:
            answer.close()
            raise AnswerTooLong(f"the answer is longer than {ANSWER_BYTES_MAX} bytes")
    return body
