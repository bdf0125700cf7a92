"""The loop of agents, and their conversations, with 200 of them at once."""

from benchmarks.common.question import Contestant, Environment, Figure, Question, Row

OURS = ("aiobotocore==3.10.0",)
"""What this package is installed with: without aioboto3, which holds others back."""
FRAMEWORKS = {
    "OpenAI Agents SDK": ("openai_agents", "openai-agents==0.24.0"),
    "LangGraph, checkpointer": ("langgraph_saver", "langgraph==1.2.24"),
    "LangGraph, store": ("langgraph_store", "langgraph==1.2.24"),
    "Strands": ("strands", "strands-agents==1.62.0"),
    "MCP server": ("mcp_server", "mcp==2.1.1"),
    "tools without a framework": ("model_tools", ""),
    "Google ADK": ("google_adk", "google-adk==2.13.0"),
    "Claude Agent SDK": ("claude_agent_sdk", "claude-agent-sdk==0.2.189"),
}
"""Script and framework of each integration."""


def environment(framework: str) -> Environment:
    """Return the environment with a framework."""
    name = framework.partition("==")[0] or "none"
    requirements = (*OURS, framework) if framework else OURS
    return Environment(f"agents-{name}", requirements, package=True, without="aioboto3")


CONTESTANTS = tuple(
    Contestant(name, f"benchmarks.agents.{script}", environment(framework))
    for name, (script, framework) in FRAMEWORKS.items()
)
"""An integration of this package for each framework."""

QUESTION = Question(
    "agents",
    "What do 200 agents at once do to the event loop, and what is lost?",
    rows=(
        *(
            Row(
                f"longest callback with a frame of this package, {each.name}",
                Figure(each, "turns", "turns_own_s"),
                bound=0.010,
            )
            for each in CONTESTANTS
        ),
        *(
            Row(
                f"its processor time alone, {each.name}",
                Figure(each, "turns", "turns_own_cpu_s"),
            )
            for each in CONTESTANTS
        ),
        *(
            Row(
                f"that without the collector of garbage, {each.name}",
                Figure(each, "turns", "turns_own_work_s"),
            )
            for each in CONTESTANTS
        ),
        *(
            Row(
                f"turns a second, {each.name}",
                Figure(each, "turns", "turns_per_s"),
                unit="/s",
                more_is_better=True,
            )
            for each in CONTESTANTS
        ),
        *(
            Row(
                f"turns lost with a fifth of the calls failing, {each.name}",
                Figure(each, "faults", "lost"),
                unit="turns",
                bound=0,
            )
            for each in CONTESTANTS
        ),
        *(
            Row(
                f"turns that raised with a fifth of the calls failing, {each.name}",
                Figure(each, "faults", "failed"),
                unit="turns",
            )
            for each in CONTESTANTS
        ),
    ),
    rounds=3,
    amount=200,
    amounts={"faults": 10},
    fresh=True,
    server="benchmarks.agents.service",
)
