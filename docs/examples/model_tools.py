import asyncio
import json

from agentcore_memory_async.integrations.tools import openai_tools, resolve_tool_calls
from agentcore_memory_async.local import LocalMemoryService


async def ask(messages: list, **_: object) -> dict:  # in place of a model's API
    if messages[-1]["role"] == "tool":
        return {"role": "assistant", "content": messages[-1]["content"]}
    text = messages[-1]["content"]
    name, argument = ("recall", "query") if "?" in text else ("remember", "fact")
    function = {"name": name, "arguments": json.dumps({argument: text})}
    return {"role": "assistant", "tool_calls": [{"id": "call_1", "function": function}]}


async def main() -> None:
    async with LocalMemoryService() as service, service.manager("chat-a1B2c3D4e5") as manager:
        session = await manager.create_memory_session("anna", "chat001")
        for text in ("I am allergic to nuts.", "What am I allergic to?"):
            messages = [{"role": "user", "content": text}]
            while calls := (reply := await ask(messages, tools=openai_tools())).get("tool_calls"):
                messages += [reply, *await resolve_tool_calls(session, calls)]
            await session.add_turns([messages[0], reply])
            print(reply["content"])


asyncio.run(main())
