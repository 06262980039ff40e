"""A learner's environment that is the same everywhere, and vendors on this machine to be live with."""

import os
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from anymodel_course import keys, session
from environ import environ_restored
from scripted_providers import ENDPOINTS
from scripted_providers.server import Server

PROXIES = {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"}


def _forget() -> None:
    for kept in (keys._asked, keys._aside, keys._placed):
        kept.clear()
    session._live, session._cap, session._calls = frozenset(), session.USUAL_CAP, 0


@pytest.fixture
def learner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of the learner's own, no variable of any provider, and no memory of earlier tests.

    The `.env` that counts is the one in this folder, whether it is written or not.
    """
    known = {name for endpoint in ENDPOINTS.values() for name in endpoint.variables}
    with environ_restored():
        for name in list(os.environ):
            if name in known or name.upper() in PROXIES or name.startswith("ANYMODEL_"):
                del os.environ[name]
        os.environ["ANYMODEL_DOTENV"] = str(tmp_path / ".env")
        monkeypatch.chdir(tmp_path)
        _forget()
        yield tmp_path
    _forget()


@pytest.fixture
def started(learner: Path) -> Server:
    """The stand-in of a session that has just started, offline."""
    with redirect_stdout(StringIO()):
        session.start()
    import agents

    assert session._recorder
    agents.set_trace_processors([session._recorder])  # another test may have put its own there
    return session.stand_in()


class Vendor:
    """A provider's real host, as far as the learner's variables know: a second server, which keeps the keys it sees."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.server = Server(judge=self.seen.append).start()

    def own(self, name: str) -> dict[str, str]:
        """Return a learner's own variables for a provider: a usual key, and the address of this vendor."""
        row = session.PROVIDERS[name]
        usual = {n: f"own-{n.lower().replace('_', '-')}-0123456789" for n in (row.key_sets or ((),))[0]}
        if name == "bedrock":
            usual["AWS_REGION_NAME"] = "eu-north-1"
        return usual | {row.endpoint.redirect: f"{self.server.base}/{name}{row.endpoint.path}"}


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    made = Vendor()
    yield made
    made.server.stop()


@pytest.fixture
def dotenv(learner: Path) -> Callable[[str | bytes], Path]:
    """Write the learner's `.env`."""

    def write(content: str | bytes) -> Path:
        path = learner / ".env"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write
