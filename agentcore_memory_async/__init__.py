"""Amazon Bedrock AgentCore Memory for asyncio."""

__version__ = "0.1.0"
