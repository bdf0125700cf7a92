"""botocore's loader with the service model of this package."""

# botocore carries no types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false

from __future__ import annotations

import json
from collections import OrderedDict
from typing import Any

from botocore.exceptions import DataNotFoundError, UnknownServiceError
from botocore.loaders import Loader

from agentcore_memory_async._wire import service_model


class ShippedLoader(Loader):  # type: ignore[misc]  # botocore carries no types
    """
    botocore's loader with this package's data before its own, for one service only.

    botocore's own ``endpoints`` is a megabyte whose parsing holds the interpreter for 50 ms, and
    its search for services lists 800 directories; neither happens here.

    Args:
        service: Name of the service; it has a shipped model.
    """

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service
        self._version = service_model.API_VERSIONS[service]
        self._loaded: dict[str, Any] = {}

    def load_service_model(self, service_name: str, type_name: str, api_version: Any = None) -> Any:
        """Return the shipped file of this service; of all others what botocore has."""
        if service_name != self._service:
            return super().load_service_model(service_name, type_name, api_version)
        if type_name not in service_model.SERVICE_FILES:
            raise UnknownServiceError(service_name=service_name, known_service_names="")
        if api_version not in (None, self._version):
            raise DataNotFoundError(data_path=f"{service_name}/{api_version}")
        return self._read(type_name)

    def determine_latest_version(self, service_name: str, type_name: str) -> Any:
        """Return the version of the shipped model."""
        if service_name == self._service:
            return self._version
        return super().determine_latest_version(service_name, type_name)

    def list_api_versions(self, service_name: str, type_name: str) -> Any:
        """Return the versions of this service that are shipped: one."""
        if service_name == self._service:
            return [self._version]
        return super().list_api_versions(service_name, type_name)

    def load_data_with_path(self, name: str) -> Any:
        """Return the shipped ``endpoints`` and ``partitions``, else what botocore has."""
        if name in service_model.SHARED_FILES:
            return self._read(name), name
        return super().load_data_with_path(name)

    def is_builtin_path(self, path: str) -> Any:
        """Return True for the shipped ``endpoints``: so the shipped rules find the endpoint."""
        return path in service_model.SHARED_FILES or super().is_builtin_path(path)

    def warm_up(self) -> None:
        """Read everything that making a client needs; for a thread."""
        for name in (*service_model.SERVICE_FILES, *service_model.SHARED_FILES):
            self._read(name)
        self.load_data("sdk-default-configuration")

    def _read(self, name: str) -> Any:
        data = self._loaded.get(name)
        if data is None:
            text = service_model.read_text(name, self._service)
            data = json.loads(text, object_pairs_hook=OrderedDict)
            if name == "service-2":
                _times_as_numbers(data)
                _without_outputs(data)
            self._loaded[name] = data
        return data


def _times_as_numbers(model: dict[str, Any]) -> None:
    """
    Let botocore pass timestamps on as they are: numbers with three decimals.

    Its own encoder cuts them to seconds on some versions and rounds them to microseconds on others.
    """
    for shape in model["shapes"].values():
        if shape["type"] == "timestamp":
            shape["type"] = "double"


def _without_outputs(model: dict[str, Any]) -> None:
    """Leave out what answers look like: botocore gets none to read."""
    for operation in model["operations"].values():
        del operation["output"]
