"""What an operator wishes: read from a form, told in words, and sealed between its review and its doing."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from flask import current_app
from flask_babel import gettext as _
from itsdangerous import BadData, URLSafeTimedSerializer

from dasier.client import ReleaseEntry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dasier.client import VersionEntry
    from webapp.person import Person

LONGEST_REASON = 500
USUAL_SHARE = "10"
REVIEW_S = 3600
"""How long a review may lie open; what serves is compared again in any case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was filled in.

    Attributes
    ----------
    choice : str
        An action and its version, as in ``promote 3``; ``rollback`` alone ends a trial.
    share : str
        As it was typed.
    automatic : bool
    reason : str
    on : int
        The release that was on the page.
    """

    choice: str = ""
    share: str = USUAL_SHARE
    automatic: bool = False
    reason: str = ""
    on: int = 0

    @classmethod
    def typed(cls, form: Mapping[str, str]) -> Wish:
        """Read a form."""
        on = form.get("on", "")
        return cls(
            choice=form.get("choice", ""),
            share=form.get("share", "").strip(),
            automatic=form.get("automatic") == "yes",
            reason=" ".join(form.get("reason", "").split()),
            on=int(on) if on.isascii() and on.isdecimal() and len(on) < 7 else 0,
        )

    @property
    def action(self) -> str:
        """``promote``, ``rollback``, ``canary`` or ``pause``."""
        return self.choice.partition(" ")[0]

    @property
    def version(self) -> int | None:
        """The version that it is about, if it names one."""
        number = self.choice.partition(" ")[2]
        return int(number) if number else None

    def problems(self, choices: Mapping[str, str]) -> dict[str, str]:
        """Give what is to mend, by the control's name."""
        found = {}
        if self.choice not in choices:
            found["choice"] = _("Choose what is to happen.")
        share = self.share
        whole = share.isascii() and share.isdecimal() and len(share) < 3 and int(share) >= 1
        if self.action == "canary" and not whole:
            found["share"] = _("Write a whole number from 1 to 99.")
        if not self.reason:
            found["reason"] = _("Say why. It is kept in the history, for everybody to read.")
        elif len(self.reason) > LONGEST_REASON or not self.reason.isprintable():
            found["reason"] = _("Write at most %(count)s ordinary characters.", count=LONGEST_REASON)
        return found

    def asked(self) -> dict[str, Any]:
        """Give what the API is asked for."""
        told: dict[str, Any] = {"reason": self.reason, "on": self.on}
        if self.version is not None:
            told["version"] = self.version
        if self.action == "canary":
            told |= {"share": int(self.share), "automatic": self.automatic}
        return told

    def sealed(self, name: str, person: Person) -> str:
        """Give it as a text that only this site can make, for this model and this person."""
        return str(_seal().dumps({"name": name, "by": person.subject, "wish": asdict(self)}))

    def after(self, head: ReleaseEntry | None) -> ReleaseEntry:
        """Give the entry that the release log would get, for its words."""
        serving = None if head is None else head.serving
        becomes = {
            "promote": self.version,
            "rollback": self.version or serving,
            "canary": serving,
            "pause": None,
        }
        canary = None
        if self.action == "canary":  # of anything else nobody looked at the share
            canary = {"version": self.version, "share": int(self.share), "automatic": self.automatic}
        return ReleaseEntry.read(
            {
                "number": self.on + 1,
                "action": self.action,
                "serving": becomes[self.action],
                "previous": serving,
                "canary": canary,
            }
        )


def opened(sealed: str, name: str, person: Person) -> Wish | None:
    """Give what was sealed for a model by a person; None if this site did not, or long ago."""
    try:
        content = _seal().loads(sealed, max_age=REVIEW_S)
    except BadData:
        return None
    return Wish(**content["wish"]) if (content["name"], content["by"]) == (name, person.subject) else None


def _seal() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.secret_key), salt="decision")


def choices(
    head: ReleaseEntry | None, releases: Sequence[ReleaseEntry], versions: Sequence[VersionEntry]
) -> dict[str, str]:
    """Give what may happen now, in words; a version without a passing verdict is in none of it."""
    serving = None if head is None else head.serving
    trial = None if head is None or head.canary is None else head.canary.version
    good = [one.version for one in versions if one.trusted and one.verdict is not None and one.verdict.passed]
    before = dict.fromkeys(one.serving for one in releases if one.serving not in (None, serving))
    found: dict[str, str] = {}
    if trial is not None:
        found["rollback"] = _("End the trial: version %(version)s answers everybody again", version=serving)
    for version in good:
        if version != serving:
            found[f"promote {version}"] = _("Version %(version)s answers everybody", version=version)
    if serving is not None:
        for version in good:
            if version not in (serving, trial):
                found[f"canary {version}"] = _(
                    "Version %(version)s answers a part of the callers, on trial", version=version
                )
    for version in before:
        found[f"rollback {version}"] = _("Back to version %(version)s, which served before", version=version)
    if serving is not None:
        found["pause"] = _("No version answers, until somebody lets one answer again")
    return found


def consequences(wish: Wish) -> list[str]:
    """Give what else there is to know before it is done."""
    lasting = _(
        "It stays in the history with your name and your reason, and can be undone by another decision, not erased."
    )
    soon = _("Callers notice within seconds. Nothing is restarted, and no request is lost.")
    if wish.action == "canary":
        same = _("The same caller always meets the same version.")
        if wish.automatic:
            ending = _(
                "The gate ends the trial by itself: it lets the version answer everybody, or takes it back."
            )
        else:
            ending = _("The trial goes on until somebody ends it.")
        return [same, ending, lasting]
    if wish.action == "pause":
        return [_("Whoever asks is told to come back later. Nothing is deleted."), lasting]
    return [soon, lasting]
