"""Bring an estimator that someone fitted elsewhere.

This is the only place where something unsigned is unpickled, and unpickling runs what the file
says. It is done in a child process with a bare environment (`dasier.rehearsal.bare_environment`). What comes back
is data: a build.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dasier.building.frames import tidy
from dasier.building.infer import readable
from dasier.building.table import SEED
from dasier.building.table_csv import read_csv
from dasier.building.trained import About, Trained
from dasier.built import Built
from dasier.errors import BuildRefused, DasierError, DataInvalid, EstimatorUnsupported
from dasier.rehearsal import bare_environment
from dasier.schema import Task, Text, normalised

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

_REFUSED = 3


def import_in_child(
    path: Path, *, name: str, sample: Path, target: str | None, progress: Callable[[str], None]
) -> Built:
    """Give a build of an estimator in a joblib or pickle file; the file is opened in a child process.

    Raises
    ------
    BuildRefused
        If the estimator or the sample cannot be used, or the child died.
    """
    with tempfile.TemporaryDirectory(prefix="dasier-import-") as folder:
        command = [
            sys.executable,
            "-m",
            "dasier.building.importing",
            str(path),
            name,
            str(sample),
            target or "",
            folder,
        ]
        package = str(Path(__file__).resolve().parents[2])
        # Warnings go to a file: in a pipe that nobody reads yet, the child would wait for ever.
        with (
            tempfile.TemporaryFile("w+", errors="replace") as said,
            subprocess.Popen(  # noqa: S603 - this very module
                command,
                env=bare_environment() | {"PYTHONPATH": package},
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
                errors="replace",
            ) as child,
        ):
            for line in child.stdout or ():
                progress(line.strip())
            child.wait()
            said.seek(0)
            printed = said.read().strip().splitlines()
        if child.returncode == _REFUSED:
            raise BuildRefused("\n".join(printed))
        if child.returncode != 0:
            last = printed[-1] if printed else f"exit status {child.returncode}"
            raise BuildRefused(f"{path} could not be brought in: {last}")
        built = Built.read(Path(folder))
    if built.manifest.name != name:
        raise BuildRefused(f"{path} gave a build of another name; it runs code that it should not")
    return built


def bring(path: Path, *, name: str, sample: Path, target: str | None) -> Trained:
    """Unpickle an estimator and give it with the sample's rows. Runs whatever the file says.

    Raises
    ------
    EstimatorUnsupported, DataInvalid
    """
    import joblib  # noqa: PLC0415 - only this process unpickles

    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            estimator = joblib.load(path)
        except Exception as error:  # a file may raise anything
            said = " ".join(str(error).split())[:200]
            raise DataInvalid(
                f"{path.name} cannot be opened ({type(error).__name__}: {said}). It must be a joblib or pickle file, and "
                "what its estimator was made with must be installed here"
            ) from error
    if not callable(getattr(estimator, "predict", None)):
        kind = type(estimator).__name__
        raise EstimatorUnsupported(
            f"{path.name} holds a {kind}, which cannot predict; fit an estimator and dump that"
        )
    table = tidy(read_csv(sample)).frame
    target = None if target is None else normalised(target)
    if target is not None and target not in table.columns:
        raise DataInvalid(f"{sample.name} has no column {target!r}; it has {', '.join(table.columns)}")
    table = table[[*_features(estimator, table, target), *([target] if target else [])]]
    task = _task(estimator)
    measured = target is not None or task not in {"classification", "regression"}
    return Trained(
        name=name,
        task=task,
        about=About(
            title={"en": readable(name), "fr": readable(name)},
            summary=_summary(target),
            data={"en": f"The rows of {sample.name}.", "fr": f"Les lignes de {sample.name}."},
        ),
        estimator=estimator,
        table=table,
        target=target,
        fitted_rows=table,
        held_out=table,
        split={
            "kind": "sample",
            "held_out_rows": len(table),
            "stratified": False,
            "seed": SEED,
        },
        seed=SEED,
        origin={"kind": "import", "file": path.name},
        notes=(
            _sample_note(measured=measured),
            *(_version_note(one) for one in heard if "version" in str(one.message)),
        ),
    )


def _sample_note(*, measured: bool) -> Text:
    if measured:
        return {
            "en": "It was fitted elsewhere. Its schema, ranges and measures come from the sample that was given with it, "
            "and rows of that sample may have been trained on: the measures may flatter it.",
            "fr": "Ce modèle a été entraîné ailleurs. Son schéma, ses plages et ses mesures viennent de l’échantillon fourni "
            "avec lui, dont des lignes ont pu servir à l’entraînement\u00a0: les mesures peuvent le flatter.",
        }
    return {
        "en": "It was fitted elsewhere. Its schema and ranges come from the sample that was given with it, which has no "
        "target: how good it is could not be measured.",
        "fr": "Ce modèle a été entraîné ailleurs. Son schéma et ses plages viennent de l’échantillon fourni avec lui, qui "
        "n’a pas de cible\u00a0: ce qu’il vaut n’a pas pu être mesuré.",
    }


def _version_note(warning: Any) -> Text:
    said = str(warning.message).partition(". ")[0]
    return {"en": f"When it was opened: {said}.", "fr": f"À l’ouverture : {said}."}


def _summary(target: str | None) -> Text:
    if target is None:
        return {"en": "An estimator fitted elsewhere.", "fr": "Un modèle entraîné ailleurs."}
    return {"en": f"Predicts “{target}”.", "fr": f"Prédit « {target} »."}


def _features(estimator: Any, table: pd.DataFrame, target: str | None) -> list[str]:
    given = [column for column in table.columns if column != target]
    names = getattr(estimator, "feature_names_in_", None)
    if names is not None:
        wanted = [normalised(str(name)) for name in names]
        if missing := [name for name in wanted if name not in given]:
            raise DataInvalid(
                f"the sample lacks columns that the estimator was fitted on: {', '.join(missing)}"
            )
        return wanted
    expected = getattr(estimator, "n_features_in_", len(given))
    if expected != len(given):
        raise DataInvalid(
            f"the estimator takes {expected} columns, the sample has {len(given)} besides the target; "
            "give exactly its columns, in its order"
        )
    return given


def _task(estimator: Any) -> Task:
    from sklearn.base import is_classifier, is_clusterer, is_outlier_detector, is_regressor  # noqa: PLC0415

    tests: tuple[tuple[Any, Task], ...] = (
        (is_classifier, "classification"),
        (is_regressor, "regression"),
        (is_outlier_detector, "anomaly_detection"),
        (is_clusterer, "clustering"),
    )
    for test, task in tests:
        if test(estimator):
            return task
    raise EstimatorUnsupported(
        f"{type(estimator).__name__} is no classifier, regressor, clusterer or outlier detector of scikit-learn"
    )


def _main(path: str, name: str, sample: str, target: str, folder: str) -> int:
    from dasier.building.assembling import assemble  # noqa: PLC0415 - seconds of imports

    def progress(what: str) -> None:
        sys.stdout.write(f"{what}\n")
        sys.stdout.flush()

    try:
        progress("open the file")
        trained = bring(Path(path), name=name, sample=Path(sample), target=target or None)
        assemble(trained, progress=progress).write(Path(folder))
    except DasierError as error:
        sys.stderr.write(f"{error}\n")
        return _REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
