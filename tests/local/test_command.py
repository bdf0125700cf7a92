"""The command with a program, seeds, dumps, the file that tells it is ready, and the trace."""

from __future__ import annotations

import json
import os
import pty
import signal
import socket
import subprocess
import sys
import textwrap
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import pytest

from agentcore_memory_async.local.__main__ import main
from tests.local.test_seeds import FACT, NAMED, SAID, written

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

pytestmark = pytest.mark.timeout(240)  # its start alone can take a busy machine a minute

WITHIN_S = 60
"""Seconds that a busy machine may take for a program to run to its end."""
COMMAND = [sys.executable, "-m", "agentcore_memory_async.local"]
NAME = " ".join(["python", *COMMAND[1:]])
SIGNALS = [signal.SIGINT, signal.SIGTERM]


def python(code: str) -> list[str]:
    """Return a program that runs some Python."""
    return [sys.executable, "-c", textwrap.dedent(code)]


def execute(
    *program: str, options: tuple[str, ...] = (), **more: Any
) -> subprocess.CompletedProcess[str]:
    """Run a program with the service to its end."""
    command = [*COMMAND, "exec", *options, "--", *program]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=WITHIN_S, check=False, **more
    )


@contextmanager
def running(command: list[str], **more: Any) -> Generator[subprocess.Popen[str]]:
    """Run a command that ends by a signal of the test, without the terminal of the tests."""
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        **more,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for(process: subprocess.Popen[str], line: str) -> None:
    """Wait until a process has written a line."""
    assert process.stdout is not None
    assert any(line in each for each in process.stdout)


def post(url: str, members: dict[str, Any]) -> dict[str, Any]:
    """Send a request, and return what was answered."""
    body = json.dumps(members).encode()
    with urlopen(Request(url, body, {"Content-Type": "application/json"})) as answer:
        found: dict[str, Any] = json.load(answer)
        return found


# A program.


def test_a_program_finds_the_service() -> None:
    """It has the variables, its arguments as they are, stdin, and stdout for itself alone."""
    program = python("""
        import json, os, sys, urllib.request
        url = os.environ["AWS_ENDPOINT_URL_BEDROCK_AGENTCORE"]
        with urllib.request.urlopen(f"{url}/_local/health") as answer:
            health = json.load(answer)
        print(json.dumps([health, dict(os.environ), sys.argv[1:], sys.stdin.read()]))
        sys.exit(7)
    """)
    hindering = {
        "AWS_PROFILE": "work",
        "AWS_DEFAULT_PROFILE": "work",
        "AWS_SESSION_TOKEN": "secret",
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
        "AWS_REGION": "eu-west-1",
    }
    arguments = ("two words", "$HOME", "--port", "--", ";")
    done = execute(*program, *arguments, env=os.environ | hindering | {"MINE": "1"}, input="given")
    assert (done.returncode, done.stderr) == (7, "")
    health, environment, given, read = json.loads(done.stdout)
    assert health == {"status": "ok"}
    assert (given, read) == (list(arguments), "given")
    assert not environment.keys() & (hindering.keys() - {"AWS_REGION"})
    assert environment["MINE"] == "1"
    url = environment["AWS_ENDPOINT_URL_BEDROCK_AGENTCORE"]
    assert environment["AWS_ENDPOINT_URL_BEDROCK_AGENTCORE_CONTROL"] == url
    assert environment["AWS_REGION"] == environment["AWS_DEFAULT_REGION"] == "us-west-2"
    assert environment["AWS_ACCESS_KEY_ID"] == environment["AWS_SECRET_ACCESS_KEY"] == "local"
    with pytest.raises(OSError, match="refused"):
        urlopen(url)


@pytest.mark.parametrize(
    ("program", "status", "words"),
    [
        (["no-such-program"], 127, "cannot run no-such-program: No such file"),
        ([__file__], 126, f"cannot run {__file__}: Permission denied"),
        (python("import os, signal; os.kill(os.getpid(), signal.SIGKILL)"), 128 + 9, ""),
        (python("raise SystemExit(0)"), 0, ""),
    ],
)
def test_how_a_program_ends_is_how_the_command_ends(
    program: list[str], status: int, words: str
) -> None:
    """The status is that of a shell, and what can't be run is named in one line."""
    done = execute(*program)
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr.startswith(f"agentcore_memory_async.local: {words}" if words else "")
    assert done.stderr.count("\n") == bool(words)


def test_no_program_without_a_service(tmp_path: Path) -> None:
    """Where the port is taken, or a seed is broken, the program is not run, and 125 says so."""
    program = python(f"open({str(tmp_path / 'ran')!r}, 'w')")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = execute(*program, options=("--port", port))
        assert (done.returncode, f"cannot listen on 127.0.0.1:{port}" in done.stderr) == (125, True)
    seed = written(tmp_path / "seed.jsonl", NAMED, SAID, "{")
    done = execute(*program, options=("--seed", str(seed)))
    assert (done.returncode, f"cannot load {seed}: line 3: " in done.stderr) == (125, True)
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("handles", [True, False])
def test_a_signal_reaches_the_program(number: signal.Signals, handles: bool) -> None:
    """What it does with the signal is its own matter; the command waits for its end."""
    program = python(f"""
        import os, signal, sys
        def handle(number, frame):
            print("got", number, flush=True)
            sys.exit(5)
        signal.signal({int(number)}, handle if {handles} else signal.SIG_DFL)
        print("ready", flush=True)
        while True:
            signal.pause()
    """)
    with running([*COMMAND, "exec", "--", *program]) as process:
        wait_for(process, "ready")
        process.send_signal(number)
        output, errors = process.communicate(timeout=WITHIN_S)
    expected = (5, f"got {int(number)}\n") if handles else (128 + number, "")
    assert (process.returncode, output, errors) == (*expected, "")


def test_ctrl_c_at_a_terminal_comes_once() -> None:
    """The terminal sends it to the program, so the command does not; SIGTERM it hands on."""
    program = python("""
        import os, signal
        counts = {signal.SIGINT: 0, signal.SIGTERM: 0}
        def handle(number, frame):
            counts[number] += 1
            if number == signal.SIGTERM:
                print("counted", counts[signal.SIGINT], counts[signal.SIGTERM], flush=True)
                os._exit(0)
            # The command gets both, in this order; had it handed the first on, we had it twice.
            os.kill(os.getppid(), signal.SIGTERM)
        for number in counts:
            signal.signal(number, handle)
        print("ready", flush=True)
        while True:
            signal.pause()
    """)
    own_terminal = """
        import fcntl, os, sys, termios
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        os.execv(sys.argv[1], sys.argv[1:])
    """
    controller, terminal = pty.openpty()
    command = [*python(own_terminal), *COMMAND, "exec", "--", *program]
    try:
        with running(command, stdin=terminal) as process:
            wait_for(process, "ready")
            os.write(controller, b"\x03")
            output, errors = process.communicate(timeout=WITHIN_S)
    finally:
        os.close(controller)
        os.close(terminal)
    assert (process.returncode, output, errors) == (0, "counted 1 1\n", "")


def test_what_is_ignored_stays_so() -> None:
    """A program in the background of a shell ignores Ctrl-C, with the command as without it."""
    ignoring = """
        import os, signal, sys
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        os.execv(sys.argv[1], sys.argv[1:])
    """
    program = python("""
        import os, signal
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getppid(), signal.SIGINT)
        print("goes on")
    """)
    with running([*python(ignoring), *COMMAND, "exec", "--", *program]) as process:
        output, errors = process.communicate(timeout=WITHIN_S)
    assert (process.returncode, output, errors) == (0, "goes on\n", "")


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_before_the_program(number: signal.Signals) -> None:
    """A service that is not open yet is not waited for, and the program is not run."""
    starting = python("""
        import asyncio, sys
        from agentcore_memory_async.local import LocalMemoryService, __main__ as command
        async def never(self):
            print("opening", flush=True)
            await asyncio.Event().wait()
        LocalMemoryService.open = never
        sys.exit(command.main(["exec", "--", "echo", "ran"]))
    """)
    with running(starting) as process:
        wait_for(process, "opening")
        process.send_signal(number)
        output, errors = process.communicate(timeout=WITHIN_S)
    assert (process.returncode, output, errors) == (128 + number, "", "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["exec"], "exec and a program go together: exec -- pytest"),
        (["--", "pytest"], "exec and a program go together: exec -- pytest"),
        (["exec", "true"], f"a program goes behind --: {NAME} exec -- true"),
        (
            ["exec", "--port", "0", "pytest", "-q", "a b"],
            f"a program goes behind --: {NAME} exec --port 0 -- pytest -q 'a b'",
        ),
        (["--nothing"], "unrecognized arguments: --nothing"),
        (["exec", "--seed", "--", "pytest"], "--seed: expected one argument"),
        (["--dump-on-exit", "none/dump.jsonl"], "give a file in a folder that exists"),
        (["--ready-file", "."], "'.' can't be written"),
    ],
)
def test_what_makes_no_sense_is_refused(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    """It is refused before anything is done."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert (caught.value.code, words in capsys.readouterr().err) == (2, True)


# Files.


@pytest.mark.parametrize("number", SIGNALS)
def test_a_seed_comes_in_and_a_dump_goes_out(tmp_path: Path, number: signal.Signals) -> None:
    """The file that tells it is ready is there meanwhile; the dump has what came in, and more."""
    seed = written(tmp_path / "seed.jsonl", NAMED, SAID, FACT)
    dump, ready = tmp_path / "dump.jsonl", tmp_path / "ready.json"
    ready.write_text("of one that was killed")
    files = ["--seed", str(seed), "--dump-on-exit", str(dump), "--ready-file", str(ready)]
    with running([*COMMAND, "--port", "0", *files]) as process:
        wait_for(process, "Ctrl-C")
        told = json.loads(ready.read_text())
        assert told["pid"] == process.pid
        url = told["endpoint_url"]
        assert told["environment"]["AWS_ENDPOINT_URL_BEDROCK_AGENTCORE"] == url
        event = {
            "actorId": "bob",
            "sessionId": "s1",
            "eventTimestamp": 1_767_225_600,
            "payload": [{"conversational": {"role": "USER", "content": {"text": "Hello."}}}],
        }
        post(f"{url}/memories/chat-a1B2c3D4e5/events", event)
        assert not dump.exists()
        process.send_signal(number)
        output, errors = process.communicate(timeout=WITHIN_S)
    assert (process.returncode, output, errors) == (0, "stopped\n", "")
    assert not ready.exists()
    named, *lines = dump.read_text().splitlines()
    assert json.loads(named)["memory"]["id"] == "chat-a1B2c3D4e5"
    texts = [json.loads(line) for line in lines]
    assert [item.get("actor_id") for item in texts] == ["anna", "bob", None]
    assert texts[2]["content"] == FACT.content
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dump.jsonl", "seed.jsonl"]


def test_what_a_program_stored_is_dumped(tmp_path: Path) -> None:
    """The dump is there once the command has ended, however the program has."""
    dump = tmp_path / "dump.jsonl"
    program = python("""
        from agentcore_memory_async import MemorySessionManager
        with MemorySessionManager("chat-a1B2c3D4e5") as manager:
            session = manager.create_memory_session("anna", "s1")
            session.add_turns([{"role": "user", "content": "I live in Turin."}])
        raise SystemExit(1)
    """)
    done = execute(*program, options=("--dump-on-exit", str(dump), "--extraction-delay", "3600"))
    assert (done.returncode, done.stderr) == (1, "")
    _, line = dump.read_text().splitlines()
    assert json.loads(line)["messages"][0]["text"] == "I live in Turin."


def test_a_dump_that_fails_is_told(tmp_path: Path) -> None:
    """One line says why, and the status is not that of the program."""
    folder = tmp_path / "folder"
    folder.mkdir()
    program = python(f"import os; os.rmdir({str(folder)!r})")
    done = execute(*program, options=("--dump-on-exit", str(folder / "dump.jsonl")))
    assert done.returncode == 125
    assert "cannot write" in done.stderr
    assert done.stderr.count("\n") == 1


# The trace.


def test_the_trace_shows_ids_and_no_content() -> None:
    """A line has time, operation, status, duration and ids; a terminal gets no commands by it."""
    program = python("""
        import json, os, urllib.error, urllib.request
        url = os.environ["AWS_ENDPOINT_URL_BEDROCK_AGENTCORE"]
        def post(path, **members):
            body = json.dumps(members).encode()
            json_type = {"Content-Type": "application/json"}
            try:
                urllib.request.urlopen(urllib.request.Request(url + path, body, json_type)).close()
            except urllib.error.HTTPError as error:
                error.close()
        said = {"conversational": {"role": "USER", "content": {"text": "CANARY"}}}
        event = dict(sessionId="s1", eventTimestamp=1767225600, payload=[said])
        post("/memories/chat-a1B2c3D4e5/events", actorId="anna", **event)
        post("/memories/chat-a1B2c3D4e5/events", actorId="\\x1b[31mred\\n" + "x" * 500, **event)
        post("/memories/chat-a1B2c3D4e5/retrieve", namespace="/facts/anna/",
             searchCriteria={"searchQuery": "CANARY"})
        post("/nothing?CANARY")
    """)
    done = execute(*program, options=("--trace",))
    assert (done.returncode, done.stdout) == (0, "")
    assert "CANARY" not in done.stderr
    assert "\x1b" not in done.stderr
    lines = [line.split() for line in done.stderr.splitlines()]
    assert all(len(line[0]) == len("12:34:56.789") for line in lines)
    assert [line[1] for line in lines[:3]] == ["CreateEvent"] * 2 + ["RetrieveMemoryRecords"]
    assert [line[2] for line in lines[:3]] == ["201", "400", "200"]
    assert all(float(line[3]) > 0 and line[4] == "ms" for line in lines[:3])
    assert lines[0][5:] == ["memoryId=chat-a1B2c3D4e5", "actorId=anna", "sessionId=s1"]
    assert lines[1][6].startswith("actorId=\\x1b[31mred\\nxxx")
    assert lines[1][6].endswith("...")
    assert lines[1][-1] == "ValidationException"
    assert lines[3][1:4] == ["POST", "/nothing", "404"]
