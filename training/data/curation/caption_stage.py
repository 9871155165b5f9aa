"""Captions by a vision language model: several lengths, checked by rules, their claims by a second look.

The report (section 2) captions with MiniCPM-V 2.6, which sees the picture and what was said of it before.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

from training.data.curation.caption_rules import CaptionRules, faults_of
from training.data.curation.caption_words import CAPTIONS, BadReply, Captions, captions_request, read_captions
from training.data.curation.chat_vlm import ServerSettings
from training.data.curation.claims import Answers, Claim, answers_request, claims_of, read_answers
from training.data.curation.local_vlm import LocalSettings
from training.data.curation.replies import Outcome, Replies, ask_until
from training.data.curation.select import wanted_by
from training.data.curation.shards import Sample
from training.data.curation.stage import PLACES, Annotate, Tables
from training.data.curation.store import Store
from training.data.curation.tables import TABLES, read_table, table_name
from training.data.curation.vlm import Question, Vlm

__all__ = ["CaptionStage", "forget_unanswered"]

OK, NOT_ASKED = "ok", "not asked"
CLAIM = pa.struct(
    [("kind", pa.string()), ("name", pa.string()), ("question", pa.string()), ("is_supported", pa.bool_())]
)
SCHEMA = pa.schema(
    [
        ("caption_status", pa.string()),
        ("caption_faults", pa.list_(pa.string())),
        ("caption_short", pa.string()),
        ("caption_medium", pa.string()),
        ("caption_long", pa.string()),
        ("caption_claims", pa.list_(CLAIM)),
        ("caption_supported", pa.float32()),
        ("caption_model", pa.string()),
        ("caption_checker", pa.string()),
        ("caption_unanswered", pa.bool_()),
        ("caption_requests", pa.int32()),
        ("caption_tokens_read", pa.int64()),
        ("caption_tokens_written", pa.int64()),
    ]
)


@dataclass(frozen=True, kw_only=True)
class CaptionStage:
    """Columns caption_short, _medium, _long; caption_status, "ok" or the first reason against them, and
    caption_faults, all reasons; caption_claims with the verdicts of the second look, and caption_supported,
    the share of claims that it supports: 0 where there are none; what was asked and the tokens it took;
    caption_unanswered where the server gave no reply, so that asking again may help (forget_unanswered).

    `writer` writes, `checker` looks again: another model, or None for the writer itself. `only`: about
    pictures that do not meet this expression over the tables of `needs` nothing is asked. `replies`: a folder
    on this machine, or one that all workers share.
    """

    writer: ServerSettings | LocalSettings
    checker: ServerSettings | LocalSettings | None = None
    rules: CaptionRules = field(default_factory=CaptionRules)
    num_tries: int = 3
    only: str = ""
    needs: tuple[str, ...] = ()
    replies: Path = field(metadata=PLACES)

    name: ClassVar[str] = CAPTIONS
    version: ClassVar[int] = 1

    def open(self) -> Annotate:
        """Loads local models, once; servers are asked when there is something to ask."""
        writer = self.writer.open()
        checker = writer if self.checker is None else self.checker.open()
        return partial(self._annotate, writer, checker)

    def _annotate(self, writer: Vlm, checker: Vlm, samples: Sequence[Sample], tables: Tables) -> pa.Table:
        wanted = wanted_by(self.only, tables, len(samples))
        if not samples:
            return SCHEMA.empty_table()
        shard = samples[0].key[:-4]
        replies = Replies(self.replies / f"{shard}.jsonl")
        captioner = Captioner(stage=self, writer=writer, checker=checker, replies=replies)
        with ThreadPoolExecutor(writer.most_at_once) as pool:
            try:
                rows = [*pool.map(captioner.row, samples, wanted)]
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return pa.Table.from_pylist(rows, schema=SCHEMA)


def forget_unanswered(store: Store) -> int:
    """Drop the tables with pictures that had no reply, and say how many those are: the next run asks about
    them again, and takes all else from the kept replies."""
    count = 0
    for shard in store.names(f"{TABLES}/{CAPTIONS}", ".parquet"):
        column = read_table(store, CAPTIONS, shard, ["caption_unanswered"])["caption_unanswered"]
        if unanswered := sum(column.to_pylist()):
            store.remove(table_name(CAPTIONS, shard))
            count += unanswered
    return count


@dataclass(frozen=True, kw_only=True)
class Captioner:
    """Writes, and looks again."""

    stage: CaptionStage
    writer: Vlm
    checker: Vlm
    replies: Replies

    def row(self, sample: Sample, is_wanted: bool) -> dict[str, Any]:
        if not is_wanted:
            return row_of(self, status=NOT_ASKED)
        words = {length: str(each) for length, each in self.stage.rules.words.items()}
        question = Question(
            sample=sample, words=captions_request(sample, words), form=Captions.model_json_schema()
        )
        written = ask_until(self.writer, question, self._read, self.replies, self.stage.num_tries)
        if written.value is None:
            return row_of(self, status=written.reasons[0], faults=written.reasons, outcomes=(written,))
        claims = claims_of(written.value)
        if not claims:
            return row_of(self, status=OK, captions=written.value, outcomes=(written,))
        again = Question(sample=sample, words=answers_request(claims), form=Answers.model_json_schema())
        read = partial(read_answers, count=len(claims))
        looked = ask_until(self.checker, again, read, self.replies, self.stage.num_tries)
        status = OK if looked.value is not None else f"not checked: {looked.reasons[0]}"
        return row_of(
            self,
            status=status,
            faults=looked.reasons,
            captions=written.value,
            claims=claims,
            verdicts=looked.value or (None,) * len(claims),
            outcomes=(written, looked),
        )

    def _read(self, text: str) -> Captions:
        captions = read_captions(text)
        faults = faults_of(captions, self.stage.rules)
        if faults:
            raise BadReply(faults, "; ".join(faults))
        return captions


def row_of(
    captioner: Captioner,
    *,
    status: str,
    faults: Sequence[str] = (),
    captions: Captions | None = None,
    claims: Sequence[Claim] = (),
    verdicts: Sequence[bool | None] = (),
    outcomes: Sequence[Outcome[Any]] = (),
) -> dict[str, Any]:
    texts = {} if captions is None else captions.by_length
    supported = sum(verdict is True for verdict in verdicts) / len(verdicts) if verdicts else 0.0
    return {
        "caption_status": status,
        "caption_faults": [*faults],
        **{f"caption_{length}": texts.get(length, "") for length in ("short", "medium", "long")},
        "caption_claims": [
            {
                "kind": str(claim.kind),
                "name": claim.name,
                "question": claim.question,
                "is_supported": verdict,
            }
            for claim, verdict in zip(claims, verdicts, strict=True)
        ],
        "caption_supported": supported,
        "caption_model": captioner.writer.name,
        "caption_checker": captioner.checker.name,
        "caption_unanswered": any(each.is_silent for each in outcomes),
        "caption_requests": sum(each.num_tries for each in outcomes),
        "caption_tokens_read": sum(each.num_read for each in outcomes),
        "caption_tokens_written": sum(each.num_written for each in outcomes),
    }
