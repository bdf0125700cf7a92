"""The environments of the contestants."""

from benchmarks.common.question import Environment

AIOBOTO3 = Environment("aioboto3", ("aioboto3==15.5.0",), package=True)
"""This package on aioboto3, beside raw aioboto3 and bare aiohttp."""
AIOBOTOCORE = Environment("aiobotocore", ("aiobotocore>=3.10",), package=True, without="aioboto3")
"""This package on the newest aiobotocore, beside a raw client of it."""
OFFICIAL_SDK = Environment("official-sdk", ("bedrock-agentcore>=1.25",))
"""AWS's SDK for AgentCore, on boto3."""
AWS_SDK = Environment("aws-sdk", ("aws-sdk-bedrock-agentcore>=0.12",), python=(3, 12))
"""AWS's asyncio SDK, made from its Smithy models."""
CAPO = Environment("capo", ("capo-bedrock-agentcore>=0.15",))
"""The asyncio SDK of the capo project, made from the same models."""
