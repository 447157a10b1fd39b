"""Which work packages of different missions write the same files."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from specify_cli.lanes import globs
from specify_cli.lanes.collisions import Collision, Owner, collisions

PATTERNS = (
    "src/**",
    "src/a.py",
    "src/A.py/",
    "src/*.py",
    "src",
    "**",
    "**/*.md",
    "docs/[ab].md",
    "docs/[slug]/x",
    "*",
    "..",
    "",
)


def test_both_owners_are_named_with_what_they_share() -> None:
    first, second = Owner("001-a", "WP01", ("docs/", "src/**")), Owner("002-b", "WP03", ("src/a.py",))
    (found,) = collisions([second, Owner("001-a", "WP02", ("src/a.py",)), first])[:1]
    assert found == Collision(first, second, ("src/**", "src/a.py"))
    assert found.where == "src/** ~ src/a.py"
    assert Collision(first, second, ("a", "a")).where == "a"


def test_packages_of_one_mission_do_not_collide() -> None:
    assert collisions([Owner("001-a", "WP01", ("src/**",)), Owner("001-a", "WP02", ("src/**",))]) == []


def test_missions_and_packages_stand_in_their_order() -> None:
    owners = [Owner(f"{mission}-x", f"WP{wp}", ("src/**",)) for mission in ("010", "002") for wp in ("10", "02")]
    found = [(each.one.mission, each.one.name, each.other.name) for each in collisions(owners)]
    assert found == [
        ("002-x", "WP02", "WP02"),
        ("002-x", "WP02", "WP10"),
        ("002-x", "WP10", "WP02"),
        ("002-x", "WP10", "WP10"),
    ]


owned = st.lists(st.sampled_from(PATTERNS), max_size=3).map(tuple)


@given(
    st.lists(
        st.builds(Owner, st.sampled_from(["001-a", "002-b"]), st.sampled_from(["WP01", "WP02"]), owned), max_size=5
    )
)
def test_exactly_those_collide_whose_globs_overlap(owners: list[Owner]) -> None:
    def share(one: Owner, other: Owner) -> bool:
        valid = [[each for each in owner.owned if each not in ("..", "")] for owner in (one, other)]
        return any(globs.overlaps(mine, yours) for mine in valid[0] for yours in valid[1])

    found = collisions(owners)
    assert all(globs.overlaps(*each.globs) for each in found)
    wanted = sum(1 for one, other in combinations(owners, 2) if one.mission != other.mission and share(one, other))
    assert len(found) == wanted
