"""``python -m tests.drill``: the figures of the safe order and of the naive one."""

from __future__ import annotations

import os
from functools import partial

import django

from benchmarks import report


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    # Imported only now, since models need the settings.
    from tests.drill import orders
    from tests.drill.drills import Figures, drill
    from tests.drill.naive import Mistakes, by_hand
    from tests.drill.scene import SHORT_OVERLAP
    from tests.key_sources.conftest import running_ministack

    everything = Mistakes(signs_first=True, replaces=True, writes_twice=True)
    drills = {
        "safe": partial(drill, rotate=orders.by_command),
        "safe, killed after every call": partial(
            drill, rotate=orders.killed_after_every_call, is_crowded=True
        ),
        "safe, in Lambda, killed likewise": partial(
            drill, rotate=orders.by_lambda, interval=3.5, is_crowded=True
        ),
        "naive": partial(drill, rotate=partial(by_hand, mistakes=everything)),
        "- signs before the edges know": partial(
            drill, rotate=partial(by_hand, mistakes=Mistakes(signs_first=True))
        ),
        "- replaces the old key at once": partial(
            drill, rotate=partial(by_hand, mistakes=Mistakes(replaces=True))
        ),
        "- stores ID and key in two writes": partial(
            drill, rotate=partial(by_hand, mistakes=Mistakes(writes_twice=True))
        ),
        "safe, overlap without LIFETIME": partial(
            drill, rotate=orders.by_the_rules, overlap=SHORT_OVERLAP
        ),
    }

    def row(name: str, figures: Figures) -> list[str]:
        refused = figures.tally.refused
        return [
            name,
            f"{figures.tally.sold:,}",
            f"{refused.total():,}",
            *(f"{refused[code]:,}" for code in ("InvalidKey", "AccessDenied")),
            f"{figures.killed:,}",
            f"{figures.calls:,}",
            str(len(figures.leaked)),
        ]

    headers = ["order", "downloads", "refused", "InvalidKey", "AccessDenied", "killed"]
    with running_ministack() as ministack:
        rows = [row(name, run(ministack)) for name, run in drills.items()]
    title = "Three rotations under load"
    report.write(report.table(title, [*headers, "calls of AWS", "leaked"], rows))


if __name__ == "__main__":
    main()
