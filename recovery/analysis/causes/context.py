"""What a rule sees and what it answers: a case with its assets sorted, and a verdict with its words."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

from recovery.analysis.asset_fields import field_sources
from recovery.analysis.causes.inputs import Sieve
from recovery.analysis.causes.phrases import perhaps, sentence, share
from recovery.analysis.model import Asset, Cause, CauseVerdict, Verdict, asset_order, sources_of
from recovery.case import Case
from recovery.photos_db.codes import Availability, SavedAssetType
from recovery.photos_db.library import DATABASE, AssetRow
from recovery.provenance import Gap, Source

_REMOTE = f"SELECT 1 FROM resource WHERE asset_pk = ? AND remote = {Availability.YES:d} LIMIT 1"
HISTORY = "persistent history"
"""What the gaps of the library's own history are called."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What the library stores of an asset in iCloud: its row's number, and whether it lists a file there."""

    pk: int
    remote: bool


@dataclass(frozen=True, slots=True)
class Inquiry:
    """One case with those of its assets that rules ask for, in the order of the findings.

    `sure` are certain and probable FaceTime photos, which people are told are FaceTime photos; `perhaps` the
    possible ones. `away` are the UUIDs of assets whose original is in iCloud and not on the phone. `rows` has the
    library's rows of `sure`, `stored` something of the rows of all three, by UUID in upper case; `repaired` are
    the numbers of rows that a repair brought back.
    """

    case: Case
    sieve: Sieve
    sure: tuple[Asset, ...]
    perhaps: tuple[Asset, ...]
    deleted: tuple[Asset, ...]
    away: tuple[str, ...]
    rows: Mapping[str, AssetRow]
    stored: Mapping[str, Stored]
    repaired: tuple[int, ...]

    @classmethod
    def of(cls, case: Case, sieve: Sieve) -> Inquiry:
        """Put in order what was kept of the assets, and look for their rows."""
        told = sorted(sieve.told, key=asset_order)
        sure = tuple(asset for asset in told if asset.facetime.verdict.rank >= Verdict.PROBABLE.rank)
        away = sieve.away()
        looked = _Looked(case, {_name(asset) for asset in sure}, {*map(_name, told), *away})
        return cls(
            case,
            sieve,
            sure,
            tuple(asset for asset in told if asset.facetime.verdict is Verdict.POSSIBLE),
            tuple(sorted(sieve.deleted, key=asset_order)),
            away,
            looked.rows,
            looked.stored,
            tuple(looked.repaired),
        )

    def row(self, asset: Asset) -> AssetRow | None:
        """The library's row of a sure FaceTime photo."""
        return self.rows.get(_name(asset))

    def gaps_hiding(self, code: str) -> tuple[Gap, ...]:
        """What could not be looked at and says itself that it hides this answer."""
        return tuple(gap for gap in self.case.gaps if code in gap.hides)

    def library_gaps(self, *facts: str) -> tuple[Gap, ...]:
        """Why the photo library cannot give a full answer: unread, damaged, or without these facts."""
        library = self.case.library
        found = [gap for gap in self.case.gaps if gap.where == DATABASE and gap.fault and gap.what != HISTORY]
        if library is None:
            absent = [gap for gap in self.case.gaps if gap.where == DATABASE and gap not in found]
            return (*found, *absent) or (Gap("the photo library", DATABASE, "it was not read"),)
        lacking = [fact for fact in facts if not library.places.get(fact)]
        words = ", ".join(fact.replace("_", " ") for fact in lacking)
        if lacking:
            found.append(Gap("the photo library", DATABASE, f"this layout of it does not store: {words}"))
        return tuple(found)


def _name(asset: Asset) -> str:
    return (asset.uuid or "").upper()


class _Looked:
    """One walk through the library's rows."""

    def __init__(self, case: Case, sure: Container[str], wanted: Container[str]) -> None:
        self.rows: dict[str, AssetRow] = {}
        self.stored: dict[str, Stored] = {}
        self.repaired: list[int] = []
        store = case.store
        repaired = store.run(
            "SELECT pk FROM asset WHERE saved_asset_type = ? ORDER BY pk", (SavedAssetType.RECOVERED,)
        )
        self.repaired.extend(pk for (pk,) in repaired)
        for pk, uuid in store.run("SELECT pk, uuid FROM asset WHERE uuid <> '' ORDER BY pk"):
            name = uuid.upper()
            if name in wanted:
                remote = store.run(
                    "SELECT 1 FROM resource WHERE asset_pk = ? AND remote = ? LIMIT 1", (pk, Availability.YES)
                )
                self.stored[name] = Stored(pk, any(remote))
                if name in sure and (row := store.row(pk)) is not None:
                    self.rows[name] = row


@dataclass(frozen=True, slots=True)
class Answer:
    """A verdict, the sentences for it and where that was read. `advice` replaces the rule's own."""

    verdict: CauseVerdict
    says: str
    sources: tuple[Source, ...] = ()
    advice: str | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One cause: its code in the inventory, how it is judged, what no verdict of it says, and what to do."""

    code: str
    judge: Callable[[Inquiry], Answer]
    does_not_say: str
    advice: str

    def cause(self, inquiry: Inquiry) -> Cause:
        """The cause as it stands in the findings."""
        answer = self.judge(inquiry)
        advice = self.advice if answer.advice is None else answer.advice
        sources = tuple(dict.fromkeys(answer.sources))
        return Cause(self.code, answer.verdict, answer.says, self.does_not_say, advice, sources)


def shown(says: str, sources: Iterable[Source] = (), advice: str | None = None) -> Answer:
    """The backup shows it."""
    return Answer(CauseVerdict.SHOWN, says, tuple(sources), advice)


def contradicted(says: str, sources: Iterable[Source] = (), advice: str | None = None) -> Answer:
    """The backup speaks against it."""
    return Answer(CauseVerdict.CONTRADICTED, says, tuple(sources), advice)


def undetermined(says: str, sources: Iterable[Source] = (), advice: str | None = None) -> Answer:
    """A backup can decide it; this one does not."""
    return Answer(CauseVerdict.UNDETERMINED, says, tuple(sources), advice)


def unseen(says: str, sources: Iterable[Source] = (), advice: str | None = None) -> Answer:
    """No backup can show it."""
    return Answer(CauseVerdict.UNSEEN, says, tuple(sources), advice)


def unread(gaps: Sequence[Gap], lead: str = "This cannot be told", advice: str | None = None) -> Answer:
    """Undetermined because of what could not be looked at; names at most two such things."""
    reasons = [f"{gap.what}: {gap.why.strip().rstrip('.')}" for gap in gaps[:2]]
    says = sentence(f"{lead}. {'. '.join(sentence(reason).rstrip('.') for reason in reasons)}")
    return undetermined(says, [Source(gap.where) for gap in gaps if gap.where], advice)


@dataclass(frozen=True, slots=True)
class Hits:
    """The assets with a sign of FaceTime that something is true of, sorted as in the inquiry."""

    sure: tuple[Asset, ...]
    perhaps: tuple[Asset, ...]
    total: int

    @classmethod
    def of(cls, inquiry: Inquiry, is_true: Callable[[Asset], bool]) -> Hits:
        """Look at each of them."""
        return cls(
            tuple(filter(is_true, inquiry.sure)), tuple(filter(is_true, inquiry.perhaps)), len(inquiry.sure)
        )

    def share(self, one: str, many: str) -> str:
        """`3 of your 14 FaceTime photos are`."""
        return share(len(self.sure), self.total, one, many)


def by_photos(
    hits: Hits,
    *,
    found: str,
    maybe: tuple[str, str, str],
    none: str,
    gaps: Sequence[Gap],
    sources: Callable[[Asset], Iterable[Source]],
) -> Answer:
    """The answer where photos decide: shown by a FaceTime photo, else open, else contradicted.

    `found` and `none` are whole sentences; `maybe` is verb for one, verb for many, and the rest of the sentence.
    """
    if hits.sure:
        more = f" {perhaps(len(hits.perhaps), maybe[0], maybe[1])} {maybe[2]} too." if hits.perhaps else ""
        return shown(f"{found}{more}", _sources(hits.sure, sources))
    if hits.perhaps:
        says = f"{perhaps(len(hits.perhaps), maybe[0], maybe[1])} {maybe[2]}; nothing proves where they came from."
        return undetermined(says, _sources(hits.perhaps, sources))
    return unread(gaps) if gaps else contradicted(none)


def field_source(inquiry: Inquiry, name: str) -> Callable[[Asset], Iterable[Source]]:
    """Where the field of that name was read."""
    places = inquiry.case.library.places if inquiry.case.library else {}
    hoisted = {field: source for field, source in field_sources(places).items() if field == name}
    return lambda asset: [source for field, source in sources_of(asset, hoisted).items() if field == name]


def _sources(assets: Iterable[Asset], of: Callable[[Asset], Iterable[Source]]) -> list[Source]:
    return [source for asset in assets for source in of(asset)]
