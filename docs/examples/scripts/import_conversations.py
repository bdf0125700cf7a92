"""
Import conversations from a JSON file. Run it again after any interruption: nothing is stored twice.

The file is a list of conversations such as

    {"user": "anna@example.com", "id": "chat001", "messages": [
        {"role": "user", "text": "I live in Turin.", "time": "2026-01-01T09:00:00Z"}]}
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from command import Bar, run

from agentcore_memory_async import Conversation, HistoryMessage, encode_actor_id
from agentcore_memory_async.sync import MemorySessionManager


def to_conversation(data: dict[str, Any]) -> Conversation:
    """Return the conversation; a user's name may have characters that an actor id may not."""
    messages = [
        HistoryMessage(each["text"], each["role"], datetime.fromisoformat(each["time"]))
        for each in data["messages"]
    ]
    return Conversation(encode_actor_id(data["user"]), data["id"], messages)


def read(path: Path) -> list[Conversation]:
    """Return the conversations of a file, or exit with the place of what is wrong with it."""
    place = "as a whole"
    try:
        listed = json.loads(path.read_text("utf-8"))
        found = []
        for number, data in enumerate(listed, 1):
            place = f"conversation {number}"
            found.append(to_conversation(data))
    except KeyError as error:
        sys.exit(f"{path}, {place}: the member {error} is missing")
    except (RecursionError, TypeError, ValueError) as error:
        sys.exit(f"{path}, {place}: {error}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.strip().partition("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("memory_id")
    parser.add_argument("--extract", action="store_true", help="let the service extract records")
    given = parser.parse_args()
    logging.getLogger("agentcore_memory_async").setLevel(logging.ERROR)  # a next run settles doubts
    conversations = read(given.file)
    total = sum(len(each.messages) for each in conversations)
    with MemorySessionManager(given.memory_id) as manager, Bar("messages") as bar:
        work = manager.import_conversations(conversations, extract=given.extract)
        for progress in work:
            bar.show(progress.messages, total)
        stored = work.wait()
    print(f"{stored.conversations:,} conversations with {stored.messages:,} messages are stored.")
    return 0


if __name__ == "__main__":
    run(main, "Run it again to go on; nothing is stored twice.")
