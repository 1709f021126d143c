"""The configured distributions by alias, built once per process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from cf_protected import conf
from cf_protected.cloudfront.secrecy import shown
from cf_protected.conf import check_ids
from cf_protected.distributions.distribution import Distribution
from cf_protected.process import Once


class Distributions(Mapping[str, Distribution]):
    """The configured distributions by alias, each built when it is first asked for.

    There is one of each per process, for all threads. They are built again after a change of
    the settings and in a forked child.
    """

    def __init__(self) -> None:
        self._built = Once(_unbuilt, depends_on=conf.current)

    def __getitem__(self, alias: str) -> Distribution:
        """Return the distribution. Raises ``ConfigurationError``, also for an unknown alias."""
        built = self._built.get()
        if alias not in built:
            raise conf.ConfigurationError(
                check_ids.MISSING_KEY,
                f"{conf.SETTING}['DISTRIBUTIONS']",
                f"there is no distribution {shown(alias)}.",
                hint=f"Known distributions: {', '.join(self)}.",
            )
        return built[alias].get()

    def __contains__(self, alias: object) -> bool:
        return alias in conf.current().distributions

    def __iter__(self) -> Iterator[str]:
        return iter(conf.current().distributions)

    def __len__(self) -> int:
        return len(conf.current().distributions)


def _unbuilt() -> dict[str, Once[Distribution]]:
    """Return the distributions by alias, each built when it is first asked for."""
    return {
        alias: Once(partial(Distribution, alias, settings))
        for alias, settings in conf.current().distributions.items()
    }


distributions = Distributions()
