"""The configured distributions by alias, built once per process."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from threading import RLock

from cf_protected import conf
from cf_protected.conf import check_ids
from cf_protected.distributions.distribution import Distribution


class Distributions(Mapping[str, Distribution]):
    """The configured distributions by alias, each built when it is first asked for.

    There is one of each per process, for all threads. After a changed setting or a fork they
    are built again: neither locks nor connections survive a fork.
    """

    def __init__(self) -> None:
        self._reset()
        os.register_at_fork(after_in_child=self._reset)

    def _reset(self) -> None:
        self._lock = RLock()
        self._settings: conf.AppSettings | None = None
        self._made: dict[str, Distribution] = {}

    def __getitem__(self, alias: str) -> Distribution:
        """Raises ``ConfigurationError``, also for an unknown alias."""
        settings = conf.current()
        made = self._made.get(alias) if self._settings is settings else None
        return made or self._make(alias, settings)

    def _make(self, alias: str, settings: conf.AppSettings) -> Distribution:
        with self._lock:
            if self._settings is not settings:
                self._settings, self._made = settings, {}
            if alias not in self._made:
                if alias not in settings.distributions:
                    raise conf.ConfigurationError(
                        check_ids.MISSING_KEY,
                        f"{conf.SETTING}['DISTRIBUTIONS']",
                        f"there is no distribution {alias!r}.",
                        hint=f"Known distributions: {', '.join(settings.distributions)}.",
                    )
                self._made[alias] = Distribution(alias, settings.distributions[alias])
            return self._made[alias]

    def __contains__(self, alias: object) -> bool:
        return alias in conf.current().distributions

    def __iter__(self) -> Iterator[str]:
        return iter(conf.current().distributions)

    def __len__(self) -> int:
        return len(conf.current().distributions)


distributions = Distributions()
