"""The loop of a chat app, and its turns, under 200 requests at once."""

from attrs import evolve

from benchmarks.common.question import Contestant, Environment, Figure, Question, Row
from benchmarks.common.stacks import AIOBOTO3, OFFICIAL_SDK

WEB = ("fastapi>=0.165", "uvicorn>=0.54")
"""What both apps are served by."""


def with_web(environment: Environment) -> Environment:
    """Return *environment* with a web server."""
    return evolve(
        environment,
        name=f"chat-{environment.name}",
        requirements=(*environment.requirements, *WEB),
    )


OURS = Contestant("this package", "benchmarks.chat.ours", with_web(AIOBOTO3))
OFFICIAL = Contestant("official SDK", "benchmarks.chat.official_sdk", with_web(OFFICIAL_SDK))

QUESTION = Question(
    "chat",
    "What do 200 chats at once do to a FastAPI app, and what is lost?",
    rows=(
        Row(
            "longest callback",
            Figure(OURS, "stream", "chat_s"),
            bound=0.025,
            aim=0.010,
        ),
        Row("turns lost", Figure(OURS, "stream", "lost"), unit="turns", bound=0),
        Row(
            "first words / official SDK",
            Figure(OURS, "stream", "first_words_s"),
            Figure(OFFICIAL, "stream", "first_words_s"),
        ),
        *(
            Row(f"{what}, {each.name}", Figure(each, "stream", measure), unit=unit)
            for measure, what, unit in (
                ("chat_s", "longest callback", "s"),
                ("chat_cpu_s", "processor time alone", "s"),
                ("lost", "turns lost", "turns"),
                ("first_words_s", "first words", "s"),
                ("all_s", "all answers", "s"),
            )
            for each in (OURS, OFFICIAL)
            if (measure, each) not in {("chat_s", OURS), ("lost", OURS)}
        ),
    ),
    rounds=5,
    amount=200,
    latency_s=0.05,
    fresh=True,
)
