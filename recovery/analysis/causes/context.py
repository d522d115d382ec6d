"""What a rule sees and what it answers: a case with its assets sorted, and a verdict with its statements."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

from recovery.analysis.asset_fields import field_sources
from recovery.analysis.causes.inputs import CauseInputs
from recovery.analysis.model import Asset, Cause, CauseVerdict, Verdict, asset_order, sources_of
from recovery.analysis.statements import (
    Advice,
    CauseCode,
    NotRead,
    PartState,
    PhotoFact,
    PointInTime,
    Share,
    Statement,
    TrueOfNone,
    TrueOfPhotos,
    TrueOfPossible,
)
from recovery.case import Case
from recovery.case.facetime_evidence import Places
from recovery.gap_codes import GapReason, GapSubject
from recovery.photos_db.codes import Availability, SavedAssetType
from recovery.photos_db.library import DATABASE, AssetRow
from recovery.provenance import Gap, Source

_REMOTE = f"SELECT 1 FROM resource WHERE asset_pk = ? AND remote = {Availability.YES:d} LIMIT 1"


@dataclass(frozen=True, slots=True)
class StoredReason:
    """What the library stores of an asset in iCloud: its row's number, and whether it lists a file there."""

    pk: int
    remote: bool


@dataclass(frozen=True, slots=True)
class CauseContext:
    """One case with those of its assets that rules ask for, in the order of the findings.

    `sure` are certain and probable FaceTime photos, which people are told are FaceTime photos; `perhaps` the
    possible ones. `away` are the UUIDs of assets whose original is in iCloud and not on the phone. `rows` has the
    library's rows of `sure`, `stored` something of the rows of all three, by UUID in upper case; `repaired` are
    the numbers of rows that a repair brought back.
    """

    case: Case
    sieve: CauseInputs
    sure: tuple[Asset, ...]
    perhaps: tuple[Asset, ...]
    deleted: tuple[Asset, ...]
    away: tuple[str, ...]
    rows: Mapping[str, AssetRow]
    stored: Mapping[str, StoredReason]
    repaired: tuple[int, ...]

    @classmethod
    def of(cls, case: Case, sieve: CauseInputs) -> CauseContext:
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
        """The gaps that name this answer among those they hide."""
        return tuple(gap for gap in self.case.gaps if code in gap.hides)

    def library_gaps(self, *facts: str) -> tuple[Gap, ...]:
        """Why the photo library cannot give a full answer: unread, damaged, or without these facts."""
        library = self.case.library
        found = [
            gap
            for gap in self.case.gaps
            if gap.where == DATABASE and gap.fault and gap.what is not GapSubject.PERSISTENT_HISTORY
        ]
        if library is None:
            absent = [gap for gap in self.case.gaps if gap.where == DATABASE and gap not in found]
            return (*found, *absent) or (Gap(GapSubject.PHOTO_LIBRARY, DATABASE, GapReason.NOT_READ),)
        lacking = [fact for fact in facts if not library.places.get(fact)]
        words = ", ".join(fact.replace("_", " ") for fact in lacking)
        if lacking:
            found.append(Gap(GapSubject.PHOTO_LIBRARY, DATABASE, GapReason.FIELDS_NOT_STORED, values=(words,)))
        return tuple(found)


def _name(asset: Asset) -> str:
    return (asset.uuid or "").upper()


class _Looked:
    """One walk through the library's rows."""

    def __init__(self, case: Case, sure: Container[str], wanted: Container[str]) -> None:
        self.rows: dict[str, AssetRow] = {}
        self.stored: dict[str, StoredReason] = {}
        self.repaired: list[int] = []
        store = case.store
        repaired = store.run("SELECT pk FROM asset WHERE saved_asset_type = ? ORDER BY pk", (SavedAssetType.RECOVERED,))
        self.repaired.extend(pk for (pk,) in repaired)
        for pk, uuid in store.run("SELECT pk, uuid FROM asset WHERE uuid <> '' ORDER BY pk"):
            name = uuid.upper()
            if name in wanted:
                remote = store.run(
                    "SELECT 1 FROM resource WHERE asset_pk = ? AND remote = ? LIMIT 1", (pk, Availability.YES)
                )
                self.stored[name] = StoredReason(pk, any(remote))
                if name in sure and (row := store.row(pk)) is not None:
                    self.rows[name] = row


@dataclass(frozen=True, slots=True)
class Answer:
    """A verdict, what is stated for it and where that was read."""

    verdict: CauseVerdict
    says: tuple[Statement, ...]
    sources: tuple[Source, ...] = ()
    advice: Advice = Advice.USUAL


@dataclass(frozen=True, slots=True)
class CauseRule:
    """One cause and how it is judged."""

    code: CauseCode
    judge: Callable[[CauseContext], Answer]

    def cause(self, inquiry: CauseContext) -> Cause:
        """The cause as it stands in the findings."""
        answer = self.judge(inquiry)
        return Cause(self.code, answer.verdict, answer.says, answer.advice, tuple(dict.fromkeys(answer.sources)))


def shown(*says: Statement, sources: Iterable[Source] = ()) -> Answer:
    """The backup shows it."""
    return Answer(CauseVerdict.SHOWN, says, tuple(sources))


def contradicted(*says: Statement, sources: Iterable[Source] = ()) -> Answer:
    """The backup rules it out."""
    return Answer(CauseVerdict.CONTRADICTED, says, tuple(sources))


def undetermined(*says: Statement, sources: Iterable[Source] = (), advice: Advice = Advice.USUAL) -> Answer:
    """A backup can decide it; this one does not."""
    return Answer(CauseVerdict.UNDETERMINED, says, tuple(sources), advice)


def unseen(*says: Statement, sources: Iterable[Source] = ()) -> Answer:
    """No backup can show it."""
    return Answer(CauseVerdict.UNSEEN, says, tuple(sources))


def unread(gaps: Sequence[Gap], *, calls: int | None = None, advice: Advice = Advice.USUAL) -> Answer:
    """Undetermined because of what was not read."""
    sources = [Source(gap.where) for gap in gaps if gap.where]
    return undetermined(NotRead(tuple(gaps), calls), sources=sources, advice=advice)


@dataclass(frozen=True, slots=True)
class Hits:
    """The assets with a sign of FaceTime that something is true of, sorted as in the inquiry."""

    sure: tuple[Asset, ...]
    perhaps: tuple[Asset, ...]
    total: int

    @classmethod
    def of(cls, inquiry: CauseContext, is_true: Callable[[Asset], bool]) -> Hits:
        """Look at each of them."""
        return cls(tuple(filter(is_true, inquiry.sure)), tuple(filter(is_true, inquiry.perhaps)), len(inquiry.sure))


def by_photos(
    fact: PhotoFact,
    hits: Hits,
    *,
    gaps: Sequence[Gap],
    sources: Callable[[Asset], Iterable[Source]],
    until: tuple[PointInTime, ...] = (),
    parts: Iterable[tuple[PartState, int]] = (),
    more: Sequence[Statement] = (),
    others: int = 0,
) -> Answer:
    """The answer where photos decide: shown by a FaceTime photo, else open, else contradicted.

    `until`, `parts` and `more` are stated of FaceTime photos, `others` where there is none.
    """
    possible = len(hits.perhaps)
    if hits.sure:
        photos = Share(len(hits.sure), hits.total)
        found = TrueOfPhotos(fact, photos, until, tuple((part, number) for part, number in parts if number))
        too = [TrueOfPossible(fact, possible, besides=True)] if possible else []
        return shown(found, *more, *too, sources=_sources(hits.sure, sources))
    if possible:
        return undetermined(TrueOfPossible(fact, possible, besides=False), sources=_sources(hits.perhaps, sources))
    return unread(gaps) if gaps else contradicted(TrueOfNone(fact, others))


def field_source(inquiry: CauseContext, name: str) -> Callable[[Asset], Iterable[Source]]:
    """Where the field of that name was read."""
    places = Places.of(inquiry.case.library)
    hoisted = {field: source for field, source in field_sources(places).items() if field == name}
    return lambda asset: [source for field, source in sources_of(asset, hoisted).items() if field == name]


def _sources(assets: Iterable[Asset], of: Callable[[Asset], Iterable[Source]]) -> list[Source]:
    return [source for asset in assets for source in of(asset)]
