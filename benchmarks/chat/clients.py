"""
Ask a chat app at once: ``python -m benchmarks.chat.clients PORT AMOUNT``, on a line of stdin.

Every fourth client leaves after the first words. The standard library is enough, and HTTP/1.1 by
hand: what the clients take of the machine comes out of the app's.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from statistics import median

TOKEN = "bench"
"""Token of the one user, as in `serving`."""
LEAVING = 4
"""One client of so many leaves."""


def request(number: int) -> bytes:
    """Return the request of a client, in a session of its own."""
    body = json.dumps({"message": "Which seats do I fly?", "session_id": f"s{number}"})
    return (
        "POST /chat/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        f"Authorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


async def ask(port: int, number: int) -> float:
    """Ask, and return the seconds until the first words; leave then, or read all."""
    began = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request(number))
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    await reader.readuntil(b" ")
    first_s = time.perf_counter() - began
    if number % LEAVING:
        assert b"word19" in await reader.read()
    writer.close()
    return first_s


async def ask_all(port: int, amount: int) -> dict[str, float]:
    """Return the median time until the first words, and the time until all have ended."""
    began = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        asking = [tasks.create_task(ask(port, number)) for number in range(amount)]
    return {
        "first_words_s": median(each.result() for each in asking),
        "all_s": time.perf_counter() - began,
    }


if __name__ == "__main__":
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(asyncio.run(ask_all(int(sys.argv[1]), int(sys.argv[2])))), flush=True)
