"""Loading of the AWS libraries: light imports, and nothing that blocks the loop."""

from __future__ import annotations

from typing import Any

from agentcore_memory_async._transport.botocore import BotocoreTransport
from agentcore_memory_async._transport.client import Settings, prepare
from agentcore_memory_async._transport.loader import ShippedLoader
from tests.transport.scripts import run

LIST = ("ListActors", {"memoryId": "m"})


def test_importing_is_light() -> None:
    """Importing the transport imports neither aioboto3, aiobotocore nor aiohttp."""
    printed = run(
        """
        import sys
        import agentcore_memory_async._transport.botocore
        print(sorted({"aioboto3", "boto3", "aiobotocore", "aiohttp"} & set(sys.modules)))
        """
    )
    assert "[]" == printed.strip()


def test_nothing_blocks_the_loop() -> None:
    """The first opening and call neither open files, list directories nor import in the loop."""
    printed = run(
        """
        import asyncio, sys, threading
        from agentcore_memory_async._transport.botocore import BotocoreTransport
        from aiohttp import web

        NAMES = {"open", "os.listdir", "os.scandir", "import", "marshal.loads", "compile"}
        seen, watching, main_thread = [], False, threading.get_ident()

        def record(name, args):
            if watching and name in NAMES and threading.get_ident() == main_thread:
                seen.append((name, str(args[0])[:80]))

        sys.addaudithook(record)

        async def main():
            global watching
            async def answer(request):
                return web.json_response({"actorSummaries": []})
            app = web.Application()
            app.router.add_route("*", "/{tail:.*}", answer)
            runner = web.AppRunner(app)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            watching = True
            url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            async with BotocoreTransport(endpoint_url=url) as transport:
                await transport("ListActors", {"memoryId": "m"})
            watching = False
            await runner.cleanup()
        asyncio.run(main())
        print(seen)
        """
    )
    assert "[]" == printed.strip()


async def test_blockbuster(service: Any) -> None:
    """Opening, calling and closing make no blocking call in the loop."""
    from blockbuster import blockbuster_ctx

    with blockbuster_ctx():
        async with BotocoreTransport(endpoint_url=service.url) as transport:
            await transport(*LIST)


def test_the_collector_is_left_as_it_was() -> None:
    """Loading keeps the state of the garbage collector."""
    printed = run(
        """
        import gc, sys
        from agentcore_memory_async._transport.botocore import _load
        gc.freeze()
        _load()
        assert gc.isenabled() and gc.get_freeze_count() > 0
        """
    ) + run(
        """
        import gc
        from agentcore_memory_async._transport.botocore import _load
        before = gc.get_freeze_count()  # Python 3.12 starts with some
        _load()
        assert gc.isenabled() and gc.get_freeze_count() == before
        gc.disable()
        _load()
        assert not gc.isenabled()
        """
    )
    assert "" == printed


def test_aioboto3_is_imported_only_by_who_uses_it() -> None:
    """The client is aiobotocore's: opening imports neither aioboto3 nor boto3."""
    printed = run(
        """
        import sys
        from agentcore_memory_async._transport.botocore import _load
        _load()
        print(sorted({"aioboto3", "boto3", "aiobotocore"} & set(sys.modules)))
        """
    )
    assert "['aiobotocore']\n" == printed


def test_only_the_models_of_the_service_are_shipped() -> None:
    """Of it there is one version, whatever botocore has; all other services are botocore's."""
    from botocore.loaders import Loader

    from agentcore_memory_async._transport.loader import ShippedLoader

    loader: Any = ShippedLoader("bedrock-agentcore")
    theirs: Any = Loader()
    loader._version = "1999-01-01"
    assert "1999-01-01" == loader.determine_latest_version("bedrock-agentcore", "service-2")
    assert ["1999-01-01"] == loader.list_api_versions("bedrock-agentcore", "service-2")
    for of in ("sts", "dynamodb"):
        assert theirs.determine_latest_version(of, "service-2") == loader.determine_latest_version(
            of, "service-2"
        )
        assert theirs.list_api_versions(of, "service-2") == loader.list_api_versions(
            of, "service-2"
        )


def test_the_provider_of_credentials_is_made_in_the_thread() -> None:
    """Making it reads files and takes a while; only loading them is left for the loop."""
    settings = Settings("bedrock-agentcore", "us-west-2", None, None, None, 50)
    assert "credential_provider" not in prepare(settings).caller._components._deferred


def test_times_are_numbers_for_botocore() -> None:
    """Its own encoder cuts them to seconds on some versions, and rounds them on others."""
    model = ShippedLoader("bedrock-agentcore").load_service_model("bedrock-agentcore", "service-2")
    types = {shape["type"] for shape in model["shapes"].values()}
    assert "double" in types
    assert "timestamp" not in types
