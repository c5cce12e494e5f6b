"""Who the caller is and what they may do: the reviews that a client can POST about itself."""

from __future__ import annotations

import json

from .answers import Answer, as_json, not_found
from .recorded import Recording
from .requests import PLAIN, Request, Target

READ = ["get", "list", "watch"]


class Rights:
    """What a user may do: whoever recorded may do all but what was forbidden since, others nothing."""

    def __init__(self, recording: Recording, identity: str | None = None):
        self.recording = recording
        self.identity = identity
        self.forbidden: set[str] = set()

    def user(self, request: Request) -> str:
        return request.impersonated or self.identity or self.recording.user["username"]

    def known(self, request: Request) -> bool:
        """Whether it is the user who recorded."""
        return self.user(request) == self.recording.user["username"]

    def allow(self, request: Request, target: Target) -> bool:
        return self.known(request) and target.full_name not in self.forbidden

    def review(self, request: Request) -> Answer:
        """201 and the review with its status filled in."""
        recorded = self.recording.exact(Request("POST", request.url, {}), PLAIN)
        review = json.loads(self.recording.body(recorded)) if recorded else request.body
        match request.target.resource:
            case "selfsubjectreviews":
                review["status"] = {"userInfo": self._user_info(request)}
            case "selfsubjectrulesreviews":
                rules = review["status"]
                rules["resourceRules"] = self._rules(request, rules["resourceRules"])
                if not self.known(request):
                    rules["nonResourceRules"] = _basic(rules["nonResourceRules"])
            case "selfsubjectaccessreviews":
                review = {"metadata": {}, **review, "status": {"allowed": self._may(request)}}
            case _:
                return not_found(request, self.recording)
        return as_json(review, 201)

    def _user_info(self, request: Request) -> dict:
        if self.known(request):
            return self.recording.user
        return {"username": self.user(request), "groups": ["system:authenticated"]}

    def _may(self, request: Request) -> bool:
        asked = request.body["spec"].get("resourceAttributes")
        if not asked:
            return self.known(request)
        name = "/".join(filter(None, (asked.get("resource"), asked.get("subresource"))))
        return self.known(request) and name not in self.forbidden

    def _rules(self, request: Request, recorded: list[dict]) -> list[dict]:
        """Where something is forbidden, "all" is written out, since RBAC has no way to say "all but"."""
        if not self.known(request):
            return _basic(recorded)
        if not self.forbidden:
            return recorded
        rest = [
            {"verbs": READ, "apiGroups": [group], "resources": [n for n in names if n not in self.forbidden]}
            for (group, _), names in self.recording.served.items()
        ]
        return rest + _basic(recorded)


def _basic(rules: list[dict]) -> list[dict]:
    """The rules that everybody has."""
    return [rule for rule in rules if "*" not in rule["verbs"]]
