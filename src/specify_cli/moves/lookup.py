"""Which work package is meant, also where the plan has it no more."""

from __future__ import annotations

from specify_cli.context.models import Context
from specify_cli.core.work_packages import WorkPackage, load_work_packages, require_work_package
from specify_cli.kernel.errors import NotFound
from specify_cli.status.reading import read_status


def require_known(context: Context, wp_id: str) -> WorkPackage | str:
    """The work package of that id in the plan, or the id itself where only the log knows it.

    Raises:
        NotFound: `WP_NOT_FOUND`.
    """
    try:
        return require_work_package(load_work_packages(context.place), wp_id, context.place.slug)
    except NotFound:
        if wp_id not in read_status(context.place).snapshot.work_packages:
            raise
        return wp_id
