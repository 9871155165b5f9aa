"""The last stage: an expression over all tables becomes a manifest, a reason beside all that is left out."""

from __future__ import annotations

import ast
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from training.data.curation.collect import COLLECT
from training.data.curation.marks import read_mark
from training.data.curation.store import Store
from training.data.curation.tables import KEY, column_names, pack_table, read_stage, table_name
from training.errors import BadRecipe

__all__ = ["MANIFEST", "Selection", "clauses_of", "joined", "select", "thresholds", "wanted_by"]

MANIFEST = "manifest"
ALWAYS = (KEY, "id", "status", "source")
ALLOWED = (
    *(ast.Expression, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub, ast.Compare, ast.BinOp),
    *(ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq, ast.Add, ast.Sub, ast.Mult, ast.Div),
    *(ast.Name, ast.Load, ast.Constant),
)


@dataclass(frozen=True, kw_only=True)
class Selection:
    """How many pictures were kept, and how many each clause dropped, in order: the report's Figure 2."""

    num_seen: int
    num_kept: int
    dropped: dict[str, int]
    seconds: float


def select(store: Store, shards: Sequence[str], stages: Sequence[str], expression: str) -> Selection:
    """Write manifest.parquet (key, id, source, reason: empty for those kept) and manifest.json.

    The clauses joined by the outermost `and` are applied in order: the first that fails is the reason.
    Raises BadRecipe for an expression that cannot be.
    """
    begun = time.monotonic()
    clauses = clauses_of(expression)
    wanted = {name for _, tree in clauses for name in names_in(tree)}
    rows = joined(store, shards, stages, wanted)
    reasons = pd.Series("", index=rows.index, dtype=object)
    failed = rows["status"] != "ok"
    reasons[failed] = rows["status"][failed].astype(object)
    dropped = {str(why): int(count) for why, count in reasons[failed].value_counts(sort=False).items()}
    pictures = rows.loc[
        ~failed, sorted(wanted)
    ].infer_objects()  # a column of truths that had gaps is one of truths again
    for clause, tree in clauses:
        require_values(pictures, tree, clause)
        falls = (reasons == "") & ~evaluate(pictures, clause).reindex(rows.index, fill_value=True)
        reasons[falls] = denial_of(tree)
        dropped[clause] = int(falls.sum())
    kept = int((reasons == "").sum())
    table = pa.table({KEY: rows[KEY], "id": rows["id"], "source": rows["source"], "reason": reasons})
    digest = store.write(f"{MANIFEST}.parquet", pack_table(table))
    selection = Selection(
        num_seen=len(rows), num_kept=kept, dropped=dropped, seconds=time.monotonic() - begun
    )
    record = {
        "expression": expression,
        "num_seen": selection.num_seen,
        "num_kept": kept,
        "dropped": dropped,
        "sha256": digest,
        "tables": tables_hash(store, shards, (COLLECT, *stages)),
    }
    store.write(f"{MANIFEST}.json", (json.dumps(record, indent=1, ensure_ascii=False) + "\n").encode())
    return selection


def joined(store: Store, shards: Sequence[str], stages: Sequence[str], wanted: set[str]) -> pd.DataFrame:
    """Key, id, status and source of all rows, and the `wanted` columns. Raises BadRecipe."""
    left = wanted - {*ALWAYS}
    if not shards:
        return pd.DataFrame(columns=[*ALWAYS, *sorted(left)])
    found = [name for name in column_names(store, COLLECT, shards[0]) if name in left]
    rows = read_stage(store, COLLECT, shards, [*ALWAYS, *found]).to_pandas()
    left -= {*found}
    is_picture = (rows["status"] == "ok").to_numpy(bool)
    for stage in stages:
        found = [name for name in column_names(store, stage, shards[0]) if name in left] if left else []
        if found:
            rows = beside(rows, is_picture, read_stage(store, stage, shards, [KEY, *found]).to_pandas())
            left -= {*found}
    if left:
        raise BadRecipe(
            f"No stage has written {', '.join(sorted(left))}: correct the expression or run that stage."
        )
    return rows


def beside(rows: pd.DataFrame, is_picture: npt.NDArray[np.bool_], found: pd.DataFrame) -> pd.DataFrame:
    """`found` has a row for each picture, in order, or else is joined by key."""
    keys = rows.loc[is_picture, KEY]
    if len(keys) != len(found) or not (keys.to_numpy() == found[KEY].to_numpy()).all():
        return rows.merge(found, on=KEY, how="left")
    columns = found.drop(columns=KEY).set_index(keys.index)
    return rows.join(columns)


def clauses_of(expression: str) -> list[tuple[str, ast.expr]]:
    """What the outermost `and` joins: comparisons, arithmetic and words, nothing that could call."""
    try:
        tree = ast.parse(expression, mode="eval")
    except SyntaxError as error:
        raise BadRecipe(
            f"{expression!r} is no expression ({error.msg}). Write, for example, "
            "nsfw < 0.3 and not watermark."
        ) from error
    for node in ast.walk(tree):
        if not isinstance(node, ALLOWED):
            raise BadRecipe(
                f"{ast.unparse(node)!r} has no place in an expression: use columns, numbers, < > and or not."
            )
    body = tree.body
    parts = body.values if isinstance(body, ast.BoolOp) and isinstance(body.op, ast.And) else [body]
    return [(ast.unparse(part), part) for part in parts]


def denial_of(clause: ast.expr) -> str:
    """Why a picture fell: what is true of it, as the clause is not."""
    match clause:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return ast.unparse(operand)
    return f"not ({ast.unparse(clause)})"


def thresholds(expression: str) -> dict[str, list[float]]:
    """Where each column is compared with a number."""
    found = dict[str, list[float]]()
    for _, clause in clauses_of(expression):
        for node in ast.walk(clause):
            match node:
                case ast.Compare(
                    left=ast.Name(id=name), comparators=[ast.Constant(value=int() | float() as value)]
                ):
                    found.setdefault(name, []).append(float(value))
    return found


def names_in(tree: ast.expr) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def require_values(rows: pd.DataFrame, tree: ast.expr, clause: str) -> None:
    """A picture without a value would be dropped for no reason of its own."""
    for name in sorted(names_in(tree)):
        missing = int(rows[name].isna().sum())
        if missing:
            raise BadRecipe(
                f"{missing} pictures have no {name}, which {clause!r} asks for: run its stage again."
            )


def evaluate(rows: pd.DataFrame, clause: str) -> pd.Series:
    try:
        holds = rows.eval(clause, engine="python")
    except (TypeError, ValueError) as error:
        raise BadRecipe(f"{clause!r} cannot be worked out ({error}).") from error
    return pd.Series(holds, index=rows.index).fillna(False).astype(bool)


def wanted_by(expression: str, tables: Mapping[str, pa.Table], num_rows: int) -> list[bool]:
    """Which of a shard's pictures meet it, by the tables of the stages before; all for no expression.

    Raises BadRecipe.
    """
    if not expression:
        return [True] * num_rows
    rows, wanted = pd.DataFrame(index=range(num_rows)), pd.Series(True, index=range(num_rows))
    clauses = clauses_of(expression)
    for name in sorted({name for _, tree in clauses for name in names_in(tree)}):
        table = next((each for each in tables.values() if name in each.column_names), None)
        if table is None:
            raise BadRecipe(f"No stage before has written {name}, which {expression!r} asks for.")
        rows[name] = table[name].to_pandas()
    for clause, _ in clauses:
        wanted &= evaluate(rows, clause)
    return [bool(each) for each in wanted]


def tables_hash(store: Store, shards: Sequence[str], stages: Sequence[str]) -> str:
    """Of all tables that were read: the same tables and expression give the same manifest."""
    digest = sha256()
    for stage in stages:
        for shard in shards:
            mark = read_mark(store, table_name(stage, shard))
            digest.update(f"{stage} {shard} {mark.sha256 if mark else ''}\n".encode())
    return digest.hexdigest()
