"""Drift and quality in words: English and French."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dasier.schema import Text
    from dasier.words import Language

TESTS: dict[str, Text] = {
    "kolmogorov_smirnov": {"en": "spread (Kolmogorov-Smirnov)", "fr": "répartition (Kolmogorov-Smirnov)"},
    "chi_square": {"en": "spread (chi-square)", "fr": "répartition (khi-deux)"},
    "nulls": {"en": "nulls", "fr": "cellules vides"},
    "outside": {"en": "never seen in training", "fr": "jamais vu à l’apprentissage"},
}

LEVELS: dict[str, Text] = {
    "stable": {"en": "stable", "fr": "stable"},
    "moderate": {"en": "moderate", "fr": "modérée"},
    "large": {"en": "large", "fr": "forte"},
}

NOT_ESTIMATED: dict[str, Text] = {
    "no_classes": {
        "en": "Only the answers of a classifier are estimated.",
        "fr": "Seules les réponses d’un classifieur sont estimées.",
    },
    "no_probabilities": {
        "en": "The model gives no probabilities.",
        "fr": "Le modèle ne donne pas de probabilités.",
    },
    "not_measured": {
        "en": "Its build did not measure whether its probabilities hold; build it again.",
        "fr": "Sa construction n’a pas mesuré si ses probabilités sont justes\u00a0; reconstruisez-le.",
    },
    "not_calibrated": {
        "en": "On held-out rows its probabilities were off by more than chance explains.",
        "fr": "Sur les lignes de test, ses probabilités s’écartaient plus que le hasard ne l’explique.",
    },
    "no_rows": {
        "en": "The log holds the probabilities of too few rows.",
        "fr": "Le journal contient les probabilités de trop peu de lignes.",
    },
    "never_seen": {
        "en": "Callers send much that training never saw: there its probabilities were never tried.",
        "fr": "Les appelants envoient beaucoup de valeurs jamais vues à l’apprentissage\u00a0: ses probabilités n’y ont jamais été éprouvées.",
    },
}

REPORT: dict[Language, dict[str, str]] = {
    "en": {
        "title": "{name}, version {version}",
        "span": "{since} to {until} (UTC), against training. Rows: {rows}; requests: {requests}.",
        "blocks": "Blocks of batch jobs, of each of which a sample of rows is logged: {blocks}.",
        "drifted": "Drifted: {names}.",
        "quiet": "Nothing has drifted.",
        "few": "With fewer than {least} rows nothing is alarmed.",
        "worse": "The answers turned out worse than the recipe’s margin allows.",
        "output": "{name} (the answer)",
        "held": "The log holds {rows} of the {asked} rows that were answered.",
        "refused": "Requests refused: {refused}; failed: {failed}.",
        "others": "Requests that version {version} answered, which are not in this report: {requests}.",
        "unread": "Records that could not be read: {unread}.",
        "moved": "How far each column has moved",
        "moved_how": "The bar is the population stability index; the stroke is what chance alone gives. From {moderate} above chance on a shift is moderate, from {large} on large. Red is alarmed.",
        "column": "Column",
        "index": "Stability index",
        "by_chance": "By chance",
        "level": "Shift",
        "nulls": "Nulls (training)",
        "outside": "Never seen (training)",
        "alarmed": "Alarmed by",
        "since_when": "Since",
        "spread": "How {name} is spread",
        "spread_numbers": "Shares of rows, by tenths of training, lowest first. Left in each pair, grey: training. Right: now.",
        "spread_values": "Shares of rows, by value. Left in each pair, grey: training. Right: now.",
        "new": "new",
        "days": "Day by day",
        "days_how": "Rows of each day; red is a day whose own rows are alarmed.",
        "quality": "How good the answers are",
        "known": "{metric}: {value} ({low} to {high}) on {rows} rows whose truth is known.",
        "known_held": "On held-out rows it was {value} ({low} to {high}).",
        "unknown": "Rows whose truth is known: {rows}, too few to measure anything.",
        "unmeasured": "What is known cannot be measured: {metric} is not defined on it, or a truth was told that the version does not know.",
        "estimate": "Estimated from the probabilities of {rows} answers: {value} of them right ({low} to {high}).",
        "estimate_how": "The estimate is the mean probability of the answer that was given. On held-out rows that was {said}, and {came} ({low} to {high}) were right; the calibration error was {error}, of which chance explains {by_chance}. The interval holds this doubt and that of so many rows. It is wrong if the same row now has another truth: only feedback can show that.",
        "no_estimate": "No estimate: {why}",
        "day": "Day",
        "rows": "Rows",
        "interval": "95% interval",
        "unwatched": "What is not watched",
        "personal": "Columns that the log never holds, since they tell of people: {names}.",
        "no_baseline": "Columns of which the version brings no baseline: {names}.",
        "none": "Nothing: every column is watched. What is not seen is a change of the relation between columns that leaves each as it was.",
        "rule": "An alarm needs a p-value of at most {chance}, corrected for all tests of this report (Holm 1979), and a size that matters: {large} of the stability index above chance, or {share} of the rows.",
    },
    "fr": {
        "title": "{name}, version {version}",
        "span": "Du {since} au {until} (UTC), par rapport à l’apprentissage. Lignes\u00a0: {rows}\u00a0; requêtes\u00a0: {requests}.",
        "blocks": "Blocs de traitements par lots, de chacun desquels un échantillon de lignes est journalisé\u00a0: {blocks}.",
        "drifted": "Dérive\u00a0: {names}.",
        "quiet": "Aucune dérive.",
        "few": "En dessous de {least} lignes, aucune alerte n’est donnée.",
        "worse": "Les réponses se sont révélées plus mauvaises que la marge de la recette ne l’admet.",
        "output": "{name} (la réponse)",
        "held": "Le journal contient {rows} des {asked} lignes auxquelles il a été répondu.",
        "refused": "Requêtes refusées\u00a0: {refused}\u00a0; en échec\u00a0: {failed}.",
        "others": "Requêtes auxquelles la version {version} a répondu, absentes de ce rapport\u00a0: {requests}.",
        "unread": "Enregistrements illisibles\u00a0: {unread}.",
        "moved": "De combien chaque colonne s’est déplacée",
        "moved_how": "La barre est l’indice de stabilité de la population\u00a0; le trait, ce que donne le seul hasard. À partir de {moderate} au-dessus du hasard l’écart est modéré, à partir de {large} il est fort. En rouge\u00a0: en alerte.",
        "column": "Colonne",
        "index": "Indice de stabilité",
        "by_chance": "Par hasard",
        "level": "Dérive",
        "nulls": "Vides (apprentissage)",
        "outside": "Jamais vu (apprentissage)",
        "alarmed": "Alerte",
        "since_when": "Depuis",
        "spread": "Répartition de {name}",
        "spread_numbers": "Parts des lignes, par dixièmes de l’apprentissage, du plus petit au plus grand. À gauche de chaque paire, en gris\u00a0: l’apprentissage. À droite\u00a0: maintenant.",
        "spread_values": "Parts des lignes, par valeur. À gauche de chaque paire, en gris\u00a0: l’apprentissage. À droite\u00a0: maintenant.",
        "new": "nouveau",
        "days": "Jour par jour",
        "days_how": "Lignes de chaque jour\u00a0; en rouge, un jour dont les lignes sont à elles seules en alerte.",
        "quality": "Ce que valent les réponses",
        "known": "{metric}\u00a0: {value} (de {low} à {high}) sur {rows} lignes dont la vérité est connue.",
        "known_held": "Sur les lignes de test\u00a0: {value} (de {low} à {high}).",
        "unknown": "Lignes dont la vérité est connue\u00a0: {rows}, trop peu pour mesurer quoi que ce soit.",
        "unmeasured": "Ce qui est connu ne se mesure pas\u00a0: {metric} n’y est pas défini, ou une vérité a été donnée que la version ne connaît pas.",
        "estimate": "Estimation d’après les probabilités de {rows} réponses\u00a0: {value} sont bonnes (de {low} à {high}).",
        "estimate_how": "L’estimation est la probabilité moyenne de la réponse donnée. Sur les lignes de test elle était de {said}, et {came} (de {low} à {high}) étaient bonnes\u00a0; l’erreur de calibration était de {error}, dont {by_chance} s’expliquent par le hasard. L’intervalle tient compte de ce doute et du nombre de lignes. L’estimation est fausse si une même ligne a désormais une autre vérité\u00a0: seuls les retours peuvent le montrer.",
        "no_estimate": "Pas d’estimation\u00a0: {why}",
        "day": "Jour",
        "rows": "Lignes",
        "interval": "Intervalle à 95\u00a0%",
        "unwatched": "Ce qui n’est pas surveillé",
        "personal": "Colonnes absentes du journal, car elles concernent des personnes\u00a0: {names}.",
        "no_baseline": "Colonnes sans référence dans la version\u00a0: {names}.",
        "none": "Rien\u00a0: toutes les colonnes sont surveillées. Un changement de la relation entre des colonnes qui laisse chacune telle quelle ne se voit pas.",
        "rule": "Une alerte suppose une valeur p d’au plus {chance}, corrigée du nombre de tests de ce rapport (Holm 1979), et une ampleur qui compte\u00a0: {large} d’indice de stabilité au-dessus du hasard, ou {share} des lignes.",
    },
}
"""What the page of a report says."""
