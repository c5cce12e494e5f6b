"""What a webhook is sent: for Slack, for Teams, or plain JSON. Names of clusters and requirements are never markup.

Sources: Slack, "Formatting message text" (``&``, ``<`` and ``>`` are escaped, so that nobody is called and nothing is a
link) and "Sending messages using incoming webhooks"; Microsoft, "Create incoming webhooks with Workflows for Microsoft
Teams" (a message with one adaptive card as attachment) and "Format cards in Microsoft Teams" (Markdown in TextBlock).
"""

from collections.abc import Sequence
from typing import Any

from auditkit.base import hostile_text as text
from auditkit.jobs.turns import Turn

MOST = 20
"""Turns that a message lists; it says how many there are."""
_CARD = "application/vnd.microsoft.card.adaptive"


def message(kind: str, job: str, day: str, turns: Sequence[Turn]) -> dict[str, Any]:
    """The body for a webhook of this kind: ``slack``, ``teams`` or ``json``."""
    if kind == "json":
        return {"job": job, "day": day, "turned": [each._asdict() for each in turns]}
    escaped = _for_slack if kind == "slack" else text.in_markdown
    head = f"auditkit {escaped(job)}, {day}: {text.count(len(turns), 'thing')} turned for the worse"
    lines = [_line(*map(escaped, map(text.on_terminal, each))) for each in turns[:MOST]]
    if len(turns) > MOST:
        lines.append(f"and {len(turns) - MOST} more")
    if kind == "slack":
        return {"text": "\n".join([head, *(f"• {line}" for line in lines)])}
    blocks = [{"type": "TextBlock", "text": said, "wrap": True, "weight": weight}
              for said, weight in [(head, "Bolder"), *((line, "Default") for line in lines)]]
    card = {"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4",
            "body": blocks}
    return {"type": "message", "attachments": [{"contentType": _CARD, "contentUrl": None, "content": card}]}


def _line(cluster: str, framework: str, requirement: str, before: str, now: str) -> str:
    what = f"{framework} {requirement}" if framework else "the cluster"
    return f"{cluster}: {what} is {now}, was {before}"


def _for_slack(said: str) -> str:
    return text.visible(said).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
