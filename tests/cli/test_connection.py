"""What a command connects to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agentcore_memory_async.cli._connection import Connection

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from tests.cli.conftest import Ran


async def test_a_profile_precedes_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As in the AWS CLI, the credentials and the region are the profile's."""
    config = tmp_path / "config"
    config.write_text(
        "[profile night]\n"
        "region = eu-central-1\n"
        "aws_access_key_id = of-the-profile\n"
        "aws_secret_access_key = secret\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "of-the-environment")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    connection = Connection(memory="chat-a1B2c3D4e5", profile="night")
    session: Any = connection._settings()["aws_session"]
    assert "of-the-profile" == (await session.get_credentials()).access_key
    async with connection.manager() as manager:
        assert "eu-central-1" in repr(manager)


def test_an_option_is_no_memory(run: Callable[..., Ran]) -> None:
    """An empty variable in a shell makes the next option the id."""
    ran = run("actors", "-m", "--json")
    assert (2, True) == (ran.code, "--memory is '--json'" in ran.err)
