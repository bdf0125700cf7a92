"""``python -m agentcore_memory_async.integrations.mcp``: the MCP server as a command."""

from __future__ import annotations

import argparse
import contextlib
import logging
import secrets
import socket
import sys
from functools import partial

import anyio

from agentcore_memory_async.control import AsyncMemoryControl
from agentcore_memory_async.errors import AgentCoreMemoryError, InvalidInputError
from agentcore_memory_async.integrations._web import control_options
from agentcore_memory_async.integrations.mcp import memory_server
from agentcore_memory_async.integrations.mcp._serving import (
    HOST,
    serve_http,
    serve_stdio,
    until_signal,
)
from agentcore_memory_async.manager import AsyncMemorySessionManager


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        message = f"{text!r} is not a port; give 0 to 65535"
        raise argparse.ArgumentTypeError(message)
    return int(text)


def read_arguments(argv: list[str] | None) -> argparse.Namespace:
    """Return the options of the command; wrong ones end the process."""
    parser = argparse.ArgumentParser(
        prog="python -m agentcore_memory_async.integrations.mcp",
        description="An MCP server with the memory of one actor.",
    )
    parser.add_argument("--memory-id", required=True, help="id or ARN of the memory")
    parser.add_argument(
        "--actor-id",
        required=True,
        help="actor whose memory is served, and nobody else's, such as an address; it is encoded",
    )
    parser.add_argument(
        "--session-id", help="session whose messages recent_turns reads; a new one if omitted"
    )
    parser.add_argument("--region", help="AWS region; that of the environment if omitted")
    parser.add_argument("--endpoint-url", help="another address, such as that of the local service")
    parser.add_argument(
        "--namespace",
        action="append",
        metavar="TEMPLATE",
        help="namespace of the memory, such as /facts/{actorId}/, again for each; memories go to "
        "the first; those of the memory's strategies, by GetMemory, if omitted",
    )
    parser.add_argument(
        "--read-only", action="store_true", help="offer neither remember nor forget"
    )
    parser.add_argument(
        "--transport",
        choices=("stdio", "http"),
        default="stdio",
        help="stdio, or streamable HTTP on this machine only (%(default)s)",
    )
    parser.add_argument(
        "--port", type=_port, default=8789, help="port of HTTP, 0 for a free one (%(default)s)"
    )
    return parser.parse_args(argv)


async def _serve(arguments: argparse.Namespace) -> None:
    async with contextlib.AsyncExitStack() as stack:
        # Before anything is asked of the memory, so that a port in use shows at once.
        listening = (
            None if arguments.transport == "stdio" else stack.enter_context(_listen(arguments))
        )
        manager = await stack.enter_async_context(
            AsyncMemorySessionManager(
                arguments.memory_id,
                arguments.region,
                endpoint_url=arguments.endpoint_url,
                namespaces=arguments.namespace,
            )
        )
        await _describe(manager, arguments)
        server = memory_server(
            manager,
            actor_id=arguments.actor_id,
            session_id=arguments.session_id or secrets.token_hex(16),
            read_only=arguments.read_only,
        )
        if listening is None:
            await serve_stdio(server)
        else:
            host, port = listening.getsockname()
            print(f"MCP server listens on http://{host}:{port}/mcp", file=sys.stderr, flush=True)
            await serve_http(server, listening)


def _listen(arguments: argparse.Namespace) -> socket.socket:
    return socket.create_server((HOST, arguments.port))


async def _describe(manager: AsyncMemorySessionManager, arguments: argparse.Namespace) -> None:
    """Read the namespaces of the memory, unless they are given."""
    options = {"namespaces": arguments.namespace, "endpoint_url": arguments.endpoint_url}
    control = control_options(arguments.region, options)
    if control is not None:
        async with AsyncMemoryControl(**control) as described:
            await manager.describe(described)


async def _run(arguments: argparse.Namespace) -> int:
    """Run until the end, and return the exit status."""
    try:
        await _serve(arguments)
    except (AgentCoreMemoryError, InvalidInputError, OSError) as error:
        print(f"agentcore_memory_async.integrations.mcp: {error}", file=sys.stderr)
        return 1
    return 0


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit status."""
    arguments = read_arguments(argv)
    logging.basicConfig(format="%(asctime)s %(message)s", stream=sys.stderr)
    with contextlib.suppress(KeyboardInterrupt):
        return anyio.run(until_signal, partial(_run, arguments))
    return 0


if __name__ == "__main__":
    sys.exit(main())
